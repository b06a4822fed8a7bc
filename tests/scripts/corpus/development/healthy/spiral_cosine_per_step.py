import math
import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(0)
torch.manual_seed(0)


def spirals(n, arms=3):
    r = rng.uniform(0.1, 1, n)
    k = rng.integers(0, arms, n)
    a = r * 5 + k * 2 * math.pi / arms + rng.normal(0, 0.12, n)
    return torch.tensor(np.stack([r * np.cos(a), r * np.sin(a)], 1) * 1.7, dtype=torch.float32), torch.tensor(k)


class MLP(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(2, width), nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, x):
        x = torch.nn.functional.silu(self.l1(x))
        x = torch.nn.functional.silu(self.l2(x))
        return self.l3(x)


xt, yt = spirals(3000)
xv, yv = spirals(600)
net = MLP()
opt = torch.optim.AdamW(net.parameters(), lr=0.0, weight_decay=1e-3)
TOTAL, WARM, PEAK = 600, 20, 8e-3


def rate(step):
    if step < WARM:
        return PEAK * (step + 1) / WARM
    return 0.5 * PEAK * (1 + math.cos(math.pi * (step - WARM) / (TOTAL - WARM)))


queue = []
for step in range(TOTAL):
    for group in opt.param_groups:
        group["lr"] = rate(step)
    if not queue:
        queue = list(torch.randperm(len(xt)).split(100))
    idx = queue.pop()
    loss = nn.functional.cross_entropy(net(xt[idx]), yt[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 60 == 59:
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"{step + 1:4d} lr {rate(step):.2e} loss {loss.item():.4f} val acc {acc:.3f}")
