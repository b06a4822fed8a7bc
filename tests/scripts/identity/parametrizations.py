"""Weight normalisation, spectral normalisation, orthogonal and a custom parametrization."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm
from torch.utils.data import DataLoader, TensorDataset


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)

    def right_inverse(self, a):
        return a.triu()


class ParametrizedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.wn = weight_norm(nn.Linear(64, 24))
        self.sn = spectral_norm(nn.Linear(24, 24), n_power_iterations=2)
        self.orth = orthogonal(nn.Linear(24, 24, bias=False))
        self.sym = nn.Linear(24, 24)
        parametrize.register_parametrization(self.sym, "weight", Symmetric())
        self.out = weight_norm(nn.Linear(24, 10), dim=None)

    def forward(self, x):
        x = torch.relu(self.wn(x))
        x = torch.relu(self.sn(x))
        with parametrize.cached():
            x = self.orth(x) + self.orth(x.flip(0)).flip(0)
        return self.out(torch.tanh(self.sym(x)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(33)
    np.random.seed(33)
    torch.manual_seed(33)

    digits = load_digits()
    dataset = TensorDataset(
        torch.tensor(digits.data[:300] / 16, dtype=torch.float32),
        torch.tensor(digits.target[:300]),
    )
    loader = DataLoader(dataset, batch_size=30, shuffle=True, num_workers=args.workers)
    model = ParametrizedNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for epoch in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"epoch {epoch} loss {loss.item()!r}")

    parametrize.remove_parametrizations(model.sym, "weight")
    model.eval()

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"orthogonal": model.orth.weight, "spectral": model.sn.weight},
    )


if __name__ == "__main__":
    main()
