"""Residual MLP with reentrant activation checkpointing (torch.utils.checkpoint)."""

import argparse
import random

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential
from torch.utils.data import DataLoader, TensorDataset


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, width)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(width, width)

    def forward(self, x):
        return x + self.fc2(self.drop(torch.tanh(self.fc1(self.norm(x)))))


class Net(nn.Module):
    def __init__(self, width=24, depth=3):
        super().__init__()
        self.stem = nn.Linear(10, width)
        self.blocks = nn.ModuleList([ResidualBlock(width) for _ in range(depth)])
        self.tail = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=True)
        x = checkpoint_sequential(self.tail, 2, x, use_reentrant=True)
        return self.head(x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(12)
    np.random.seed(12)
    torch.manual_seed(12)

    x = torch.randn(320, 10)
    y = x.pow(2).sum(dim=1, keepdim=True).sqrt()
    loader = DataLoader(TensorDataset(x, y), 32, shuffle=True, num_workers=args.workers)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_fn = nn.MSELoss()
    losses = []
    for _ in range(3):
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"step {len(losses)}: {losses[-1]!r}")

    from _digest import write_digest

    write_digest(args.out, models=[model], optimizers=[optimizer], losses=losses)


if __name__ == "__main__":
    main()
