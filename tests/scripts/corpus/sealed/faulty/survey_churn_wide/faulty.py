import itertools
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.preprocessing import scale


@dataclass
class Cfg:
    train_fraction: float = 0.04
    width: int = 128
    batch: int = 32
    lr: float = 1e-3
    steps: int = 400
    check_every: int = 20
    seed: int = 19


def stream(n, batch, g):
    while True:
        yield from torch.randperm(n, generator=g).split(batch)


cfg = Cfg()
torch.manual_seed(cfg.seed)
g = torch.Generator().manual_seed(cfg.seed)
X, y = make_classification(5000, n_features=24, n_informative=8, n_redundant=2, n_clusters_per_class=2,
                           flip_y=0.15, class_sep=0.9, random_state=cfg.seed)
X, y = torch.tensor(scale(X), dtype=torch.float32), torch.tensor(y)
n_train = int(cfg.train_fraction * len(y))
x_train, y_train, x_val, y_val = X[:n_train], y[:n_train], X[-1000:], y[-1000:]

model = nn.Sequential(
    nn.Linear(24, cfg.width), nn.ReLU(),
    nn.Linear(cfg.width, cfg.width), nn.ReLU(),
    nn.Linear(cfg.width, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
recent = []
for step, idx in enumerate(itertools.islice(stream(n_train, cfg.batch, g), cfg.steps), 1):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(x_train[idx]), y_train[idx])
    loss.backward()
    optimizer.step()
    recent.append(loss.item())
    if step % cfg.check_every == 0:
        model.eval()
        with torch.no_grad():
            logits = model(x_val)
            val = criterion(logits, y_val).item()
            acc = (logits.argmax(1) == y_val).float().mean().item()
        print(f"step {step:4d} train {np.mean(recent):.3f} val {val:.3f} acc {acc:.3f}")
        recent.clear()
