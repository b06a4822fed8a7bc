from dataclasses import dataclass
import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_friedman1


@dataclass
class Config:
    rows: int = 4000
    lr: float = 4e-3
    batch: int = 64
    epochs: int = 6
    width: int = 64


class Regressor:
    def __init__(self, cfg):
        self.cfg = cfg
        w = cfg.width
        self.net = nn.Sequential(nn.Linear(10, w), nn.SiLU(), nn.Linear(w, w), nn.SiLU(), nn.Linear(w, 1))
        self.opt = torch.optim.AdamW(self.net.parameters(), lr=cfg.lr)

    def fit(self, X, y):
        for epoch in range(self.cfg.epochs):
            order = torch.randperm(len(X))
            hist = []
            for chunk in order.split(self.cfg.batch):
                pred = self.net(X[chunk])[:, 0]
                loss = torch.nn.functional.smooth_l1_loss(pred, y[chunk])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                hist.append(loss.item())
            print(f"epoch {epoch}: {np.mean(hist):.4f}")
        return self

    def r2(self, X, y):
        self.net.eval()
        with torch.no_grad():
            p = self.net(X)[:, 0]
        return (1 - (p - y).pow(2).mean() / y.var()).item()


cfg = Config()
torch.manual_seed(1)
rs = np.random.RandomState(1)
X, y = make_friedman1(cfg.rows, noise=0.5, random_state=1)
X = (X - 0.5) / 0.29
y = (y - y.mean()) / y.std()
rs.shuffle(y)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
reg = Regressor(cfg).fit(X[:3400], y[:3400])
print("held-out R2", reg.r2(X[3400:], y[3400:]))
