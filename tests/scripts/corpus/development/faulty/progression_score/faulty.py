"""Disease progression regression, industry-style training script."""
from __future__ import annotations

import argparse
import sys

import torch
from sklearn.datasets import make_regression
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class Standardizer:
    def fit(self, t: Tensor) -> "Standardizer":
        self.mean, self.std = t.mean(0), t.std(0)
        return self

    def __call__(self, t: Tensor) -> Tensor:
        return (t - self.mean) / self.std


def get_data(seed: int) -> tuple[Tensor, Tensor]:
    x, y = make_regression(n_samples=2500, n_features=12, n_informative=8, bias=150.0, noise=15.0, random_state=seed)
    x_t = torch.as_tensor(x, dtype=torch.float32)
    return x_t, torch.as_tensor(y, dtype=torch.float32).unsqueeze(1) + 20 * x_t[:, :1] * x_t[:, 1:2]


def build_model(n_in: int, hidden: int, output_bias: float) -> nn.Module:
    model = nn.Sequential(nn.Linear(n_in, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU(), nn.Linear(hidden, 1))
    nn.init.constant_(model[-1].bias, output_bias)
    return model


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=4)
    args = parser.parse_args(argv)
    torch.manual_seed(args.seed)

    x, y = get_data(args.seed)
    n = 2000
    sx, sy = Standardizer().fit(x[:n]), Standardizer().fit(y[:n])
    x_std, y_std = sx(x), sy(y)
    train = DataLoader(TensorDataset(x_std[:n], y_std[:n]), batch_size=50, shuffle=True)

    model = build_model(x.shape[1], args.hidden, output_bias=y[:n].mean().item())
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        model.train()
        total = 0.0
        for xb, yb in train:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            val = criterion(model(x_std[n:]), y_std[n:]).item()
        print(f"[{epoch:02d}/{args.epochs}] train={total / len(train):.4f} val={val:.4f}", file=sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main([]))
