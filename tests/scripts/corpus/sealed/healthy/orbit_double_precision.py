import numpy as np
import torch
from torch import nn


def kepler(n, rng):
    """Mean anomaly and eccentricity -> cos/sin of the eccentric anomaly (Newton in float64)."""
    m, e = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 0.8, n)
    ea = m + e * np.sin(m)
    for _ in range(30):
        ea = ea - (ea - e * np.sin(ea) - m) / (1 - e * np.cos(ea))
    x = np.stack([np.cos(m), np.sin(m), (e - 0.4) / 0.23], 1)
    return torch.from_numpy(x), torch.from_numpy(np.stack([np.cos(ea), np.sin(ea)], 1))


class OrbitNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(3, width), nn.Softplus(), nn.Linear(width, width), nn.Softplus())
        self.last = nn.Linear(width, 2).double()

    def forward(self, x):
        h = self.hidden(x.float())
        return self.last(h.double())


torch.manual_seed(10)
rng = np.random.default_rng(10)
x, y = kepler(6000, rng)
vx, vy = kepler(1000, rng)
net = OrbitNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.8)
for epoch in range(10):
    tot = 0.0
    for idx in torch.randperm(len(x)).split(150):
        loss = (net(x[idx]) - y[idx]).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / 40
    sched.step()
    with torch.no_grad():
        print(f"epoch {epoch} train {tot:.6f} valid {(net(vx) - vy).square().mean().item():.6f} {loss.dtype}")
