"""Surrogate model for the Friedman benchmark function."""
import argparse

import numpy as np
import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def load(n, seed):
    X, y = make_friedman1(n_samples=n, n_features=8, noise=0.3, random_state=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    X = X[order]
    y = y[order]
    X = (X - X.mean(0)) / X.std(0)
    y = (y - y.mean()) / y.std()
    return X.astype(np.float32), y.astype(np.float32)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--n", type=int, default=6000)
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=11)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    X, y = load(args.n, args.seed)
    cut = int(0.8 * args.n)
    train = TensorDataset(torch.from_numpy(X[:cut]), torch.from_numpy(y[:cut]).unsqueeze(1))
    xv, yv = torch.from_numpy(X[cut:]), torch.from_numpy(y[cut:]).unsqueeze(1)
    loader = DataLoader(train, batch_size=args.batch, shuffle=True, drop_last=True)

    model = nn.Sequential(nn.Linear(8, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1))
    optim = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)
    mse = nn.MSELoss()
    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for xb, yb in loader:
            optim.zero_grad()
            loss = mse(model(xb), yb)
            loss.backward()
            optim.step()
            running += loss.item()
        model.eval()
        with torch.no_grad():
            val = mse(model(xv), yv).item()
        print(f"epoch {epoch}: train {running / len(loader):.4f}  val {val:.4f}")


if __name__ == "__main__":
    main()
