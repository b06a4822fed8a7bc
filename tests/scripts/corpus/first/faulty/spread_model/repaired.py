import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)


class MeanAndSpread(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh())
        self.mean = nn.Linear(40, 1)
        self.spread = nn.Linear(40, 1)

    def forward(self, x):
        h = self.shared(x)
        mu = self.mean(h)
        sigma = F.softplus(self.spread(h)) + 1e-3
        return mu, sigma


def neg_log_lik(mu, sigma, target):
    z = (target - mu) / sigma
    return (0.5 * z**2 + torch.log(sigma) + 0.5 * math.log(2 * math.pi)).mean()


x = torch.rand(2560, 1) * 4 - 2
y = torch.sin(2 * x) + (0.02 + 0.25 * (x > 0)) * torch.randn_like(x)

loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
model = MeanAndSpread()
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)

for epoch in range(8):
    total = 0.0
    for xb, yb in loader:
        mu, sigma = model(xb)
        loss = neg_log_lik(mu, sigma, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch + 1}: nll={total / len(x):.3f}")
