"""One trunk, three heads: which digit, is it odd, and how much ink is there."""
from typing import NamedTuple
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Batch(NamedTuple):
    x: torch.Tensor
    digit: torch.Tensor
    odd: torch.Tensor
    ink: torch.Tensor

    def take(self, idx):
        return Batch(*(t[idx] for t in self))


class MultiHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, 48), nn.ReLU())
        self.heads = nn.ModuleDict({"digit": nn.Linear(48, 10), "odd": nn.Linear(48, 1), "ink": nn.Linear(48, 1)})

    def forward(self, x):
        h = self.trunk(x)
        return {name: head(h) for name, head in self.heads.items()}


WEIGHTS = {"digit": 1.0, "odd": 0.5, "ink": 0.5}


def losses(out, b):
    return {
        "digit": F.cross_entropy(out["digit"], b.digit),
        "odd": F.binary_cross_entropy_with_logits(out["odd"].squeeze(1), b.odd),
        "ink": F.mse_loss(out["ink"].squeeze(1), b.ink),
    }


torch.manual_seed(71)
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32)
ink = x.sum(1)
everything = Batch(x / 8 - 1, torch.tensor(data.target), torch.tensor(data.target % 2, dtype=torch.float32), (ink - ink.mean()) / ink.std())
perm = torch.randperm(len(x))
train, test = everything.take(perm[:1440]), everything.take(perm[1440:])
model = MultiHead()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(1440).split(36):
        b = train.take(idx)
        parts = losses(model(b.x), b)
        loss = sum(WEIGHTS[k] * v for k, v in parts.items())
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        out = model(test.x)
        lv = {k: round(v.item(), 4) for k, v in losses(out, test).items()}
        acc = (out["digit"].argmax(1) == test.digit).float().mean().item()
    print(epoch, "last train loss", round(loss.item(), 4), "test", lv, "digit acc", round(acc, 4))
