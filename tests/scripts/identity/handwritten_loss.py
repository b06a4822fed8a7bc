"""Heteroscedastic regression: the negative log likelihood is written out by hand."""

import argparse
import math
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.set_num_threads(1)


class SineDataset(Dataset):
    def __init__(self, size, seed):
        rng = np.random.default_rng(seed)
        self.x = rng.uniform(-3, 3, size=(size, 1)).astype(np.float32)
        noise = 0.1 + 0.1 * np.abs(self.x)
        self.y = (np.sin(self.x) + noise * rng.standard_normal((size, 1))).astype(np.float32)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return torch.from_numpy(self.x[index]), torch.from_numpy(self.y[index])


def gaussian_nll(mean, log_var, target):
    squared = (target - mean) ** 2
    per_sample = 0.5 * (math.log(2 * math.pi) + log_var + squared * torch.exp(-log_var))
    return per_sample.sum() / target.shape[0]


def l2_penalty(model, weight):
    total = 0.0
    for parameter in model.parameters():
        if parameter.dim() > 1:
            total = total + parameter.pow(2).sum()
    return weight * total


def train(model, loader, steps, optimizer):
    losses = []
    while len(losses) < steps:
        for x, y in loader:
            mean, log_var = model(x).chunk(2, dim=1)
            loss = gaussian_nll(mean, log_var, y) + l2_penalty(model, 1e-4)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            print(f"{len(losses):3d} {losses[-1]!r}")
            if len(losses) == steps:
                break
    return losses


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    parser.add_argument("--steps", type=int, default=30)
    args = parser.parse_args()

    random.seed(2)
    np.random.seed(2)
    torch.manual_seed(2)
    model = nn.Sequential(
        nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2)
    )
    loader = DataLoader(SineDataset(256, seed=2), 32, shuffle=True, num_workers=args.workers)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    losses = train(model, loader, args.steps, optimizer)

    from _digest import write_digest

    write_digest(args.out, models=[model], optimizers=[optimizer], losses=losses)
