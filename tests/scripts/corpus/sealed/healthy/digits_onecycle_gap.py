"""Digits with a convolution net, SGD and a one-cycle rate."""
from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass(frozen=True)
class HP:
    epochs: int = 16
    batch: int = 56
    max_lr: float = 0.1
    wd: float = 1e-3


class GapNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 24, 3, padding=1)
        self.b = nn.Conv2d(24, 32, 3, padding=1)
        self.c = nn.Conv2d(32, 48, 3, padding=1)
        self.head = nn.Linear(48 * 4, 10)

    def forward(self, x):
        x = torch.relu(self.a(x))
        x = nn.functional.max_pool2d(torch.relu(self.b(x)), 2)
        x = torch.relu(self.c(x))
        return self.head(nn.functional.avg_pool2d(x, 2).flatten(1))


hp = HP()
torch.manual_seed(4)
X, y = load_digits(return_X_y=True)
X = ((X - X.mean()) / X.std()).reshape(-1, 1, 8, 8)
parts = train_test_split(X, y, test_size=341, stratify=y, random_state=4)
x_tr, x_te = (torch.tensor(p, dtype=torch.float32) for p in parts[:2])
y_tr, y_te = (torch.tensor(p) for p in parts[2:])
model = GapNet()
opt = torch.optim.SGD(model.parameters(), lr=hp.max_lr / 10, momentum=0.9, weight_decay=hp.wd)
n_batches = -(-len(y_tr) // hp.batch)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, hp.max_lr, total_steps=hp.epochs * n_batches, pct_start=0.3)
ce = nn.CrossEntropyLoss()
for epoch in range(hp.epochs):
    model.train()
    tot = 0.0
    for idx in torch.randperm(len(y_tr)).split(hp.batch):
        opt.zero_grad()
        loss = ce(model(x_tr[idx]), y_tr[idx])
        loss.backward()
        opt.step()
        sched.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        out = model(x_te)
    print(f"{epoch:2d} lr {sched.get_last_lr()[0]:.4f} train {tot / n_batches:.4f} test {ce(out, y_te).item():.4f} "
          f"acc {(out.argmax(1) == y_te).float().mean().item():.3f}")
