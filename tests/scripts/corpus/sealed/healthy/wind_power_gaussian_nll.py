import math
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class MeanSpread(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, 64), nn.SiLU(), nn.Linear(64, 32), nn.SiLU())
        self.mean, self.raw = nn.Linear(32, 1), nn.Linear(32, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.mean(h).squeeze(1), F.softplus(self.raw(h).squeeze(1)) + 0.02


def nll(mean, spread, y):
    return (spread.log() + 0.5 * ((y - mean) / spread) ** 2 + 0.5 * math.log(2 * math.pi)).mean()


rng = np.random.default_rng(14)
speed, turb, temp = rng.weibull(2.2, 6000) * 8, rng.uniform(0, 1, 6000), rng.normal(10, 6, 6000)
power = 1 / (1 + np.exp(-(speed - 8) / 1.5)) * (1 - 0.003 * (temp - 10))
power = power + (0.01 + 0.10 * turb) * rng.normal(size=6000)
X = np.stack([speed, turb, temp], 1)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
Y = torch.tensor((power - power.mean()) / power.std(), dtype=torch.float32)
torch.manual_seed(14)
train, valid = TensorDataset(X[:5000], Y[:5000]), (X[5000:], Y[5000:])
net = MeanSpread(3)
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
for epoch in range(8):
    net.train()
    tot, n = 0.0, 0
    for x, y in DataLoader(train, batch_size=100, shuffle=True):
        loss = nll(*net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot, n = tot + loss.item(), n + 1
    net.eval()
    with torch.no_grad():
        m, s = net(valid[0])
        cover = ((valid[1] - m).abs() < 1.645 * s).float().mean().item()
        print(f"epoch {epoch} train nll {tot / n:.3f} valid nll {nll(m, s, valid[1]).item():.3f} 90% interval covers {cover:.3f}")
