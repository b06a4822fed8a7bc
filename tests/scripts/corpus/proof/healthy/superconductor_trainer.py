from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class HP:
    lr: float = 5e-3
    wd: float = 1e-3
    epochs: int = 6
    batch: int = 64
    width: int = 64


class Net(nn.Module):
    def __init__(self, d, w):
        super().__init__()
        self.inp = nn.Linear(d, w)
        self.norm = nn.LayerNorm(w)
        self.mid = nn.Linear(w, w)
        self.out = nn.Linear(w, 1)

    def forward(self, x):
        h = torch.nn.functional.gelu(self.norm(self.inp(x)))
        h = h + torch.nn.functional.gelu(self.mid(h))
        return self.out(h).squeeze(-1)


class Trainer:
    def __init__(self, net, hp):
        decay = [p for n, p in net.named_parameters() if p.ndim > 1]
        plain = [p for n, p in net.named_parameters() if p.ndim == 1]
        self.net, self.hp = net, hp
        self.opt = torch.optim.AdamW([{"params": decay, "weight_decay": hp.wd}, {"params": plain, "weight_decay": 0.0}], lr=hp.lr)
        self.loss = nn.HuberLoss(delta=1.0)

    def fit(self, train, val):
        for epoch in range(self.hp.epochs):
            self.net.train()
            tot = 0
            for x, y in train:
                self.opt.zero_grad()
                loss = self.loss(self.net(x), y)
                loss.backward()
                self.opt.step()
                tot += loss.item() * len(y)
            print(f"epoch {epoch} train {tot / len(train.dataset):.4f} val {self.evaluate(val):.4f}")

    def evaluate(self, val):
        self.net.eval()
        with torch.no_grad():
            return sum(self.loss(self.net(x), y).item() * len(y) for x, y in val) / len(val.dataset)


rng = np.random.default_rng(33)
torch.manual_seed(33)
X = rng.normal(size=(3600, 12))
y = np.exp(0.4 * X[:, 0]) * X[:, 1] + np.sin(1.5 * X[:, 2]) + X[:, 3] * X[:, 4] * 0.5 + 0.1 * rng.normal(size=3600)
y = (y - y.mean()) / y.std()
ds = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32))
tr, va = torch.utils.data.random_split(ds, [3000, 600])
hp = HP()
Trainer(Net(12, hp.width), hp).fit(DataLoader(tr, hp.batch, shuffle=True), DataLoader(va, 200))
