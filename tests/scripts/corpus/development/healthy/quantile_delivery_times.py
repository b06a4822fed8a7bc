import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

# delivery time depends on distance, traffic and hour; noise grows with distance
rng = np.random.default_rng(77)
n = 5000
distance = rng.gamma(2.0, 2.0, n)
traffic = rng.random(n)
hour = rng.integers(0, 24, n)
minutes = 8 + 3 * distance * (1 + traffic) + 4 * np.sin(hour / 24 * 2 * np.pi) + (0.5 + 0.8 * distance) * rng.standard_normal(n)
X = np.stack([np.log1p(distance), traffic, np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi)], 1)
X = (X - X.mean(0)) / X.std(0)
Y = ((minutes - minutes.mean()) / minutes.std())[:, None]
X, Y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)

torch.manual_seed(77)
QUANTILES = torch.tensor([0.1, 0.5, 0.9])


def pinball(pred, target):
    diff = target - pred
    return torch.maximum(QUANTILES * diff, (QUANTILES - 1) * diff).mean()


model = nn.Sequential(nn.Linear(4, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 3))
opt = optim.Adam(model.parameters(), lr=2e-3)
loader = DataLoader(TensorDataset(X[:4000], Y[:4000]), batch_size=80, shuffle=True)
for epoch in range(8):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss = pinball(model(xb), yb)
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        q = model(X[4000:])
        cover = ((Y[4000:, 0] > q[:, 0]) & (Y[4000:, 0] < q[:, 2])).float().mean().item()
        print(f'epoch {epoch} loss {pinball(q, Y[4000:]).item():.4f} 80% interval covers {cover:.3f}')
