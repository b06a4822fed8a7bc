"""Day-ahead heat demand: windows keep their order in time, the batches of windows are shuffled; the test is the last year part."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Windows(Dataset):
    def __init__(self, series, past=48, ahead=12):
        self.series, self.past, self.ahead = series, past, ahead

    def __len__(self):
        return len(self.series) - self.past - self.ahead + 1

    def __getitem__(self, i):
        mid = i + self.past
        return self.series[i:mid], self.series[mid:mid + self.ahead, 0]


class Forecaster(nn.Module):
    def __init__(self, channels=3, past=48, ahead=12):
        super().__init__()
        self.conv = nn.Conv1d(channels, 24, 5, stride=2)
        self.conv2 = nn.Conv1d(24, 24, 5, stride=2)
        self.out = nn.Linear(24 * 9, ahead)

    def forward(self, w):
        h = nn.functional.gelu(self.conv(w.transpose(1, 2)))
        h = nn.functional.gelu(self.conv2(h))
        return w[:, -1:, 0] + self.out(h.flatten(1))


def simulate(hours=5000):
    rng = np.random.default_rng(19)
    t = np.arange(hours)
    cold = np.zeros(hours)
    for k in range(1, hours):
        cold[k] = 0.98 * cold[k - 1] + 0.15 * rng.standard_normal()
    day = np.sin(2 * np.pi * t / 24)
    demand = 5 + 1.5 * cold + 1.2 * day + 0.5 * np.sin(4 * np.pi * t / 24) + 0.2 * rng.standard_normal(hours)
    return np.stack([demand, day, np.cos(2 * np.pi * t / 24)], 1)


torch.manual_seed(19)
raw = simulate()
cut = 4000
raw = (raw - raw[:cut].mean(0)) / raw[:cut].std(0)
series = torch.tensor(raw, dtype=torch.float32)
train = DataLoader(Windows(series[:cut]), batch_size=64, shuffle=True)
test = DataLoader(Windows(series[cut:]), batch_size=256)
model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
mae = nn.L1Loss()
for epoch in range(6):
    model.train()
    run = 0.0
    for past, future in train:
        opt.zero_grad()
        loss = mae(model(past), future)
        loss.backward()
        opt.step()
        run += loss.item()
    model.eval()
    with torch.no_grad():
        val = np.mean([mae(model(p), f).item() for p, f in test])
        naive = np.mean([mae(p[:, -1:, 0].expand_as(f), f).item() for p, f in test])
    print(f"epoch {epoch}: train {run / len(train):.4f} test {val:.4f} (last value repeated: {naive:.4f})")
