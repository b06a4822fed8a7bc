"""Gaussian process style random-feature regression in double precision."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_diabetes

torch.set_default_dtype(torch.float64)


class RandomFeatures(torch.nn.Module):
    def __init__(self, in_features, features):
        super().__init__()
        self.register_buffer("frequencies", torch.randn(in_features, features))
        self.register_buffer("phases", 2 * torch.pi * torch.rand(features))
        self.log_length_scale = torch.nn.Parameter(torch.zeros(()))
        self.linear = torch.nn.Linear(features, 1)

    def forward(self, x):
        z = torch.cos(x @ self.frequencies * torch.exp(-self.log_length_scale) + self.phases)
        return self.linear(z).squeeze(-1)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--workers", type=int, default=0)
    ap.add_argument("--out")
    args = ap.parse_args()
    random.seed(18)
    np.random.seed(18)
    torch.manual_seed(18)

    x, y = load_diabetes(return_X_y=True)
    dataset = torch.utils.data.TensorDataset(
        torch.from_numpy(x * 20.0), torch.from_numpy((y - y.mean()) / y.std())
    )
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=64, shuffle=True, num_workers=args.workers, drop_last=True
    )
    model = RandomFeatures(10, 48)
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
    losses = []
    for epoch in range(5):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = torch.mean((model(inputs) - targets) ** 2)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"{epoch}: {loss.item()!r}")
    assert loss.dtype == torch.float64

    from _digest import write_digest

    write_digest(args.out, models=[model], optimizers=[optimizer], losses=losses)


if __name__ == "__main__":
    main()
