"""One-step-ahead load forecasting with an LSTM."""

import argparse
import math

import torch
from torch import nn


def load_series(n, seed):
    g = torch.Generator().manual_seed(seed)
    t = torch.arange(n).float()
    daily = torch.sin(2 * math.pi * t / 24)
    weekly = 0.5 * torch.sin(2 * math.pi * t / 168)
    series = daily + weekly + 0.1 * torch.randn(n, generator=g)
    return (series - series.mean()) / series.std()


def windows(series, width):
    x = series.unfold(0, width + 1, 1)
    return x[:, :-1].unsqueeze(-1), x[:, -1]


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, window):
        _, (h, _) = self.lstm(window)
        return self.linear(h[-1]).squeeze(-1)


def fit(model, x, y, opts):
    optim = torch.optim.RMSprop(model.parameters(), lr=opts.lr)
    criterion = nn.SmoothL1Loss()
    history = []
    for it in range(opts.iters):
        pick = torch.randint(0, len(x), (opts.batch,))
        loss = criterion(model(x[pick]), y[pick])
        optim.zero_grad()
        loss.backward()
        optim.step()
        history.append(loss.item())
        if (it + 1) % opts.every == 0:
            recent = history[-opts.every :]
            print(f"iter {it + 1:5d}   smooth-l1 {sum(recent) / len(recent):.4f}")
    return history


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--iters", type=int, default=250)
    p.add_argument("--batch", type=int, default=40)
    p.add_argument("--width", type=int, default=24)
    p.add_argument("--hidden", type=int, default=24)
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--every", type=int, default=25)
    p.add_argument("--seed", type=int, default=0)
    opts = p.parse_args()
    torch.manual_seed(opts.seed)
    x, y = windows(load_series(3000, opts.seed), opts.width)
    fit(Forecaster(opts.hidden), x, y, opts)
