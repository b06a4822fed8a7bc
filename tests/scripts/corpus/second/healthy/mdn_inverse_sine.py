"""Mixture density network on the inverted sine curve (Bishop, 1994)."""

import math

import torch
from torch import nn

torch.manual_seed(0)

N, K = 2000, 5
t = torch.rand(N)
x_all = t + 0.3 * torch.sin(2 * math.pi * t) + 0.04 * torch.randn(N)
t_all = t.clone()


class MDN(nn.Module):
    def __init__(self, hidden, n_mix):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh()
        )
        self.pi = nn.Linear(hidden, n_mix)
        self.mu = nn.Linear(hidden, n_mix)
        self.log_sigma = nn.Linear(hidden, n_mix)
        with torch.no_grad():
            self.mu.bias.copy_(torch.linspace(0, 1, n_mix))

    def forward(self, x):
        h = self.trunk(x)
        return self.pi(h).softmax(dim=1), self.mu(h), self.log_sigma(h).clamp(-5, 3).exp()


def mdn_nll(pi, mu, sigma, target):
    z = (target.unsqueeze(1) - mu) / sigma
    log_normal = -0.5 * z**2 - sigma.log() - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(torch.log(pi + 1e-10) + log_normal, dim=1).mean()


model = MDN(32, K)
optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
for step in range(1, 451):
    i = torch.randint(0, N, (200,))
    loss = mdn_nll(*model(x_all[i, None]), t_all[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: nll {loss.item():.4f}")

s = t_all.std()
print("one gaussian:", (0.5 * torch.log(2 * math.pi * s**2) + 0.5).item())
