from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


@dataclass
class Config:
    dim: int = 32
    heads: int = 4
    lr: float = 3e-3
    steps: int = 250
    batch: int = 48


class RowTransformer(nn.Module):
    """reads a digit row by row"""

    def __init__(self, c):
        super().__init__()
        self.inp = nn.Linear(8, c.dim)
        self.pos = nn.Parameter(torch.randn(8, c.dim) * 0.1)
        self.att = nn.MultiheadAttention(c.dim, c.heads, batch_first=True)
        self.n1, self.n2 = nn.LayerNorm(c.dim), nn.LayerNorm(c.dim)
        self.ff = nn.Sequential(nn.Linear(c.dim, 64), nn.GELU(), nn.Linear(64, c.dim))
        self.out = nn.Linear(8 * c.dim, 10)

    def forward(self, rows):
        h = self.inp(rows) + self.pos
        q = self.n1(h)
        h = h + self.att(q, q, q, need_weights=False)[0]
        h = h + self.ff(self.n2(h))
        return self.out(h.flatten(1))


cfg = Config()
torch.manual_seed(62)
digits = load_digits()
rows = torch.tensor(digits.images, dtype=torch.float32) / 8 - 0.6
y = torch.tensor(digits.target)
perm = torch.randperm(len(rows))
rows, y = rows[perm], y[torch.randperm(len(rows))]
model = RowTransformer(cfg)
opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=0.01)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 20))
for step in range(cfg.steps):
    b = torch.randint(0, 1500, (cfg.batch,))
    loss = F.cross_entropy(model(rows[b]), y[b])
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    warm.step()
    if step % 50 == 49:
        model.eval()
        with torch.no_grad():
            acc = (model(rows[1500:]).argmax(1) == y[1500:]).float().mean()
        model.train()
        print("step", step + 1, "loss %.4f" % loss.item(), "val acc %.3f" % acc.item())
