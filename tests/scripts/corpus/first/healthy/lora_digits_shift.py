"""Fit a classifier on digits, then adapt it to mirrored digits with low-rank updates."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class LowRank(nn.Module):
    """A frozen linear layer plus a trainable low-rank correction."""

    def __init__(self, base: nn.Linear, rank: int = 4, alpha: float = 8.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(x, self.A), self.B)


def batches(x, y, size, gen):
    order = torch.randperm(len(x), generator=gen)
    for chunk in order.split(size):
        yield x[chunk], y[chunk]


def fit(model, params, x, y, lr, epochs, tag, gen):
    opt = torch.optim.Adam(params, lr=lr)
    step = 0
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for xb, yb in batches(x, y, 64, gen):
            opt.zero_grad()
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            if step == 0:
                print(f"[{tag}] first loss {loss.item():.4f}")
            step += 1
            total += loss.item() * len(xb)
        print(f"[{tag}] epoch {epoch} loss {total / len(x):.4f}")
    return step


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(5)
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=torch.float32) / 16.0
    y = torch.tensor(y)
    order = torch.randperm(len(x), generator=gen)
    x, y = x[order], y[order]
    mirrored = x.view(-1, 8, 8).flip(2).reshape(-1, 64)
    n = 1400

    model = nn.Sequential(
        nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10)
    )
    fit(model, model.parameters(), x[:n], y[:n], 2e-3, 10, "base", gen)
    print(f"base: plain {accuracy(model, x[n:], y[n:]):.3f}", end=" ")
    print(f"mirrored {accuracy(model, mirrored[n:], y[n:]):.3f}")

    for i in (0, 2, 4):
        model[i] = LowRank(model[i])
    trainable = [p for p in model.parameters() if p.requires_grad]
    steps = fit(model, trainable, mirrored[:n], y[:n], 4e-3, 14, "adapter", gen)
    print(f"adapter: {steps} steps", end=" ")
    print(f"mirrored {accuracy(model, mirrored[n:], y[n:]):.3f}")


if __name__ == "__main__":
    main()
