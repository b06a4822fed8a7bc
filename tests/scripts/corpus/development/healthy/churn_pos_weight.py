"""Churn model; positives are rare so they are up-weighted. Reports recall/precision instead of accuracy only."""
import argparse
import numpy as np
import torch
from torch import nn


def load(n, seed):
    r = np.random.default_rng(seed)
    y = (r.random(n) < 0.05).astype("float32")
    tenure = r.exponential(1.0, n) * np.where(y == 1, 0.45, 1.0)
    calls = r.poisson(np.where(y == 1, 4.0, 1.5), n)
    spend = r.normal(np.where(y == 1, -0.8, 0.1), 1.0, n)
    noise = r.normal(size=(n, 4))
    x = np.column_stack([np.log1p(tenure), calls, spend, noise]).astype("float32")
    return x, y


class ChurnModel:
    def __init__(self, lr, seed):
        torch.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(7, 24), nn.ReLU(), nn.Linear(24, 1))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr, weight_decay=1e-4)

    def fit(self, x, y, epochs, report):
        self.mean, self.std = x.mean(0), x.std(0)
        xt, yt = self._prep(x), torch.from_numpy(y)
        lossf = nn.BCEWithLogitsLoss(pos_weight=torch.tensor((1 - y.mean()) / y.mean()))
        for ep in range(epochs):
            self.net.train()
            ls = []
            for ix in torch.randperm(len(xt)).split(200):
                self.opt.zero_grad()
                loss = lossf(self.net(xt[ix])[:, 0], yt[ix])
                loss.backward()
                self.opt.step()
                ls.append(loss.item())
            report(ep, float(np.mean(ls)))
        return self

    def _prep(self, x):
        return torch.from_numpy((x - self.mean) / self.std)

    def predict(self, x):
        self.net.eval()
        with torch.no_grad():
            return (self.net(self._prep(x))[:, 0] > 0).numpy()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=9)
    ap.add_argument("--lr", type=float, default=4e-3)
    a = ap.parse_args()
    x, y = load(10000, 0)
    xv, yv = load(4000, 1)
    m = ChurnModel(a.lr, 0)

    def report(ep, loss):
        p = m.predict(xv)
        print(f"epoch {ep} loss {loss:.4f} recall {p[yv == 1].mean():.3f} precision {yv[p].mean():.3f} acc {(p == yv).mean():.3f}")

    m.fit(x, y, a.epochs, report)
