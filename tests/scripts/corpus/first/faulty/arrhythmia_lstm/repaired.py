import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def heartbeat(n, length=40, gen=None):
    """Regular pulses (label 0) or pulses with one beat missing (label 1)."""
    t = torch.arange(length).float()
    phase = torch.rand(n, 1, generator=gen) * 8
    wave = torch.cos(2 * math.pi * (t + phase) / 8).clamp(min=0.3) - 0.3
    label = (torch.rand(n, generator=gen) < 0.5).float()
    gap_start = torch.randint(4, length - 12, (n, 1), generator=gen)
    gap = (t >= gap_start) & (t < gap_start + 8) & (label.unsqueeze(1) > 0)
    wave = torch.where(gap, torch.zeros_like(wave), wave)
    wave = wave + 0.05 * torch.randn(n, length, generator=gen)
    return wave.unsqueeze(-1), label


class BeatNet(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.conv = nn.Conv1d(1, 12, 5, padding=2)
        self.lstm = nn.LSTM(12, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        z = F.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        out, _ = self.lstm(z)
        pooled = out.max(dim=1).values
        return self.fc(pooled).squeeze(1)


def batches(x, y, size, gen):
    order = torch.randperm(len(x), generator=gen)
    for part in order.split(size):
        yield x[part], y[part]


def fit(epochs=8, size=64):
    torch.manual_seed(6)
    gen = torch.Generator().manual_seed(6)
    x, y = heartbeat(1920, gen=gen)
    net = BeatNet()
    opt = torch.optim.RMSprop(net.parameters(), lr=2e-3)
    for epoch in range(epochs):
        losses = []
        for xb, yb in batches(x, y, size, gen):
            opt.zero_grad()
            loss = F.binary_cross_entropy_with_logits(net(xb), yb)
            loss.backward()
            opt.step()
            losses.append(loss.detach())
        print(f"epoch {epoch + 1} bce {torch.stack(losses).mean():.4f}")
    return net


fit()
