"""One optimizer per parameter, stepped inside backward as soon as its gradient is ready."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def attach_optimizers(model, lr):
    optimizers = {p: torch.optim.Adam([p], lr=lr, foreach=False) for p in model.parameters()}

    def optimizer_hook(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for p in model.parameters():
        p.register_post_accumulate_grad_hook(optimizer_hook)
    return list(optimizers.values())


def train(workers):
    digits = load_digits()
    dataset = TensorDataset(
        torch.tensor(digits.data[:480] / 16, dtype=torch.float32),
        torch.tensor(digits.target[:480]),
    )
    loader = DataLoader(dataset, batch_size=48, shuffle=True, num_workers=workers)
    model = nn.Sequential(
        nn.Linear(64, 40), nn.ELU(), nn.Linear(40, 20), nn.ELU(), nn.Linear(20, 10)
    )
    optimizers = attach_optimizers(model, lr=2e-3)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for _ in range(3):
        for x, y in loader:
            loss = criterion(model(x), y)
            loss.backward()
            losses.append(loss.item())
            print(f"loss {loss.item()!r}")
    assert all(p.grad is None for p in model.parameters())
    return model, optimizers, losses


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    random.seed(16)
    np.random.seed(16)
    torch.manual_seed(16)
    model, optimizers, losses = train(args.workers)

    from _digest import write_digest

    write_digest(args.out, models=[model], optimizers=optimizers, losses=losses)
