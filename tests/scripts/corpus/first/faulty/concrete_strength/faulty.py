from __future__ import annotations

import logging

import numpy as np
import torch
from torch import nn

log = logging.getLogger("strength")


def mixture_data(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    cement = rng.uniform(100, 500, n)
    water = rng.uniform(120, 250, n)
    age = rng.choice([3, 7, 14, 28, 56, 90], n)
    slag = rng.uniform(0, 300, n)
    ratio = water / (cement + 0.6 * slag)
    strength = 25 * np.log1p(age) / (1 + 2.5 * ratio) + rng.normal(0, 1.5, n)
    table = np.column_stack([cement, water, np.log(age), slag])
    table = (table - table.mean(0)) / table.std(0)
    strength = (strength - strength.mean()) / strength.std()
    return torch.tensor(table).float(), torch.tensor(strength).float().unsqueeze(1)


def run_epoch(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: torch.Tensor,
    y: torch.Tensor,
    size: int,
) -> float:
    order = torch.randperm(len(x))
    total = 0.0
    for i in range(0, len(x), size):
        rows = order[i : i + size]
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    return total / len(x)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    torch.manual_seed(70)
    x, y = mixture_data(1600, seed=70)
    net = nn.Sequential(nn.Linear(4, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=4)
    optimizer.zero_grad()
    for epoch in range(12):
        mse = run_epoch(net, optimizer, x, y, size=40)
        plateau.step(mse)
        log.info("epoch %d mse %.4f", epoch, mse)


if __name__ == "__main__":
    main()
