"""Scripted model that computes its own loss."""

import argparse
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_iris
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset


class Model(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(4, hidden)
        self.fc2 = nn.Linear(hidden, 3)
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.relu(self.fc1(x))
        logits = self.fc2(h) * self.weight
        loss = F.cross_entropy(logits, y)
        if self.training:
            loss = loss + 1e-3 * self.weight.abs().sum()
        return loss, logits


@torch.jit.script
def accuracy(logits: Tensor, y: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == y).float().mean()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(26)
    np.random.seed(26)
    torch.manual_seed(26)

    iris = load_iris()
    x = torch.tensor(iris.data, dtype=torch.float32)
    y = torch.tensor(iris.target)
    loader = DataLoader(TensorDataset(x, y), 25, shuffle=True, num_workers=args.workers)
    model = torch.jit.script(Model(16))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses: list[float] = []
    for epoch in range(5):
        for xb, yb in loader:
            optimizer.zero_grad()
            loss, _ = model(xb, yb)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"epoch {epoch} loss {loss.item()!r}")
    model.eval()
    with torch.no_grad():
        loss, logits = model(x, y)
    print("accuracy", accuracy(logits, y).item())

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"logits": logits, "code": model.code},
    )


if __name__ == "__main__":
    main()
