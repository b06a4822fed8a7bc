import math

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)

    def forward(self, past):
        _, state = self.gru(past)
        return state


class Decoder(nn.Module):
    def __init__(self, hidden, horizon):
        super().__init__()
        self.cell = nn.GRUCell(1, hidden)
        self.out = nn.Linear(hidden, 1)
        self.horizon = horizon

    def forward(self, last, state):
        h, y, ys = state[0], last, []
        for _ in range(self.horizon):
            h = self.cell(y, h)
            y = y + self.out(h)
            ys.append(y)
        return torch.cat(ys, dim=1)


class Forecast:
    def __init__(self, hidden=32, horizon=8, lr=4e-3):
        self.encoder = Encoder(hidden)
        self.decoder = Decoder(hidden, horizon)
        self.enc_opt = torch.optim.Adam(self.encoder.parameters(), lr=lr)
        self.dec_opt = torch.optim.Adam(self.decoder.parameters(), lr=lr)
        self.criterion = nn.L1Loss()

    def step(self, past, future):
        state = self.encoder(past)
        guess = self.decoder(past[:, -1], state)
        loss = self.criterion(guess, future)
        self.enc_opt.zero_grad()
        self.dec_opt.zero_grad()
        loss.backward()
        self.enc_opt.step()
        self.dec_opt.step()
        return loss.item()


def waves(n, past=20, horizon=8):
    t = torch.arange(past + horizon, dtype=torch.float32)
    freq = 0.15 + 0.35 * torch.rand(n, 1)
    phase = 2 * math.pi * torch.rand(n, 1)
    signal = torch.sin(freq * t + phase)
    return signal[:, :past].unsqueeze(-1), signal[:, past:]


torch.manual_seed(18)
fc = Forecast()
window = []
for step in range(1, 301):
    window.append(fc.step(*waves(64)))
    if step % 50 == 0:
        print("step", step, "mae", round(sum(window) / len(window), 4))
        window = []
