"""Counts of calls per hour: a negative-binomial network with softplus outputs."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class CallSimulator:
    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def sample(self, n):
        hour = torch.rand(n, generator=self.g) * 24
        day = torch.randint(0, 7, (n,), generator=self.g)
        campaign = (torch.rand(n, generator=self.g) < 0.2).float()
        rate = 4 + 14 * torch.exp(-((hour - 11) ** 2) / 18) * (day < 5) + 9 * campaign
        noise = torch.exp(0.4 * torch.randn(n, generator=self.g) - 0.08)
        calls = torch.poisson(rate * noise, generator=self.g)
        x = torch.stack(
            [
                torch.sin(hour * math.pi / 12),
                torch.cos(hour * math.pi / 12),
                (day < 5).float(),
                campaign,
            ],
            dim=1,
        )
        return x, calls


class CountNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.fc1 = nn.Linear(4, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.mean = nn.Linear(hidden, 1)
        self.size = nn.Linear(hidden, 1)

    def forward(self, x):
        h = F.silu(self.fc1(x))
        h = F.silu(self.fc2(h))
        mean = F.softplus(self.mean(h)) + 1e-3
        size = F.softplus(self.size(h)) + 1e-2
        return mean.squeeze(1), size.squeeze(1)


def nb_nll(calls, mean, size):
    ll = torch.lgamma(calls + size) - torch.lgamma(size) - torch.lgamma(calls + 1)
    ll = ll + size * torch.log(size / (size + mean)) + calls * torch.log(mean / (size + mean))
    return -ll.mean()


def main():
    torch.manual_seed(15)
    sim = CallSimulator(15)
    x, calls = sim.sample(4000)
    xv, cv = sim.sample(1000)
    print(f"mean {calls.mean():.2f}, variance {calls.var():.2f}")
    net = CountNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(10):
        for rows in torch.randperm(len(x)).split(125):
            loss = nb_nll(calls[rows], *net(x[rows]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            mean, size = net(xv)
            val = nb_nll(cv, mean, size).item()
            r2 = 1 - ((cv - mean) ** 2).mean().item() / cv.var().item()
        print(f"epoch {epoch}: train nll {loss.item():.3f}, valid nll {val:.3f}, R2 {r2:.3f}")


main()
