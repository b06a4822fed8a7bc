"""Mixture density network for an ambiguous inverse problem."""
import math

import torch
from torch import nn


class MDN(nn.Module):
    def __init__(self, hidden=48, k=6):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.logit, self.mean, self.log_sigma = (nn.Linear(hidden, k) for _ in range(3))
        with torch.no_grad():
            self.mean.bias.copy_(torch.linspace(-1.2, 1.2, k))

    def forward(self, x):
        h = self.trunk(x)
        return self.logit(h).log_softmax(-1), self.mean(h), self.log_sigma(h).clamp(-4, 2)


def nll(params, y):
    logw, mu, ls = params
    comp = -0.5 * ((y - mu) / ls.exp()) ** 2 - ls - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(logw + comp, dim=-1).mean()


def data(n, gen):
    t = torch.rand(n, 1, generator=gen) * 2 - 1
    x = t + 0.45 * torch.sin(2 * math.pi * t) + 0.03 * torch.randn(n, 1, generator=gen)
    return x / 0.6, t / 0.577


gen = torch.Generator().manual_seed(29)
torch.manual_seed(29)
x, t = data(4000, gen)
xv, tv = data(1000, gen)
model = MDN()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, 4, 0.5)
for epoch in range(10):
    for b in torch.randperm(len(x)).split(100):
        opt.zero_grad()
        loss = nll(model(x[b]), t[b])
        loss.backward()
        opt.step()
    sched.step()
    with torch.no_grad():
        print(epoch, f"train {loss.item():.4f} valid {nll(model(xv), tv).item():.4f}")
