"""Forecast the share of occupied seats from hourly visitor counts."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Windows(Dataset):
    def __init__(self, feats, target, length=24):
        self.feats = torch.as_tensor(feats, dtype=torch.float32)
        self.target = torch.as_tensor(target, dtype=torch.float32)
        self.length = length

    def __len__(self):
        return len(self.target) - self.length

    def __getitem__(self, i):
        return self.feats[i : i + self.length], self.target[i + self.length]


class Forecaster(nn.Module):
    def __init__(self, n_in, hidden=32):
        super().__init__()
        self.gru = nn.GRU(n_in, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.out(h[-1]).squeeze(-1)


def simulate(hours=2600, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    daily = np.sin(2 * np.pi * t / 24)
    rate = np.exp(2.2 + 1.0 * daily + 0.4 * np.sin(2 * np.pi * t / 168))
    counts = rng.poisson(rate)
    smooth = np.convolve(counts, np.ones(3) / 3, mode="full")[:hours]
    occupancy = np.log1p(smooth) - 2.2 + 0.05 * rng.normal(size=hours)
    feats = np.stack([np.log(counts), daily, np.cos(2 * np.pi * t / 24)], axis=1)
    return feats, occupancy


def evaluate(model, loader, loss_fn):
    model.eval()
    losses = []
    with torch.no_grad():
        for xb, yb in loader:
            losses.append(loss_fn(model(xb), yb).item())
    model.train()
    return float(np.mean(losses))


def main():
    torch.manual_seed(0)
    feats, occ = simulate()
    train = DataLoader(Windows(feats[:2000], occ[:2000]), batch_size=48, shuffle=True)
    val = DataLoader(Windows(feats[2000:], occ[2000:]), batch_size=128)
    model = Forecaster(feats.shape[1])
    loss_fn = nn.SmoothL1Loss()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(6):
        running = 0.0
        for xb, yb in train:
            opt.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            opt.step()
            running += loss.item()
        print(epoch, "train", running / len(train), "val", evaluate(model, val, loss_fn))


if __name__ == "__main__":
    with np.errstate(divide="ignore"):
        main()
