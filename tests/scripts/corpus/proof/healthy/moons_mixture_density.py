import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(913)
K = 4


def inverse_sine(n):
    t = torch.rand(n) * 2 - 1
    x = t + 0.35 * torch.sin(2 * math.pi * t) + 0.05 * torch.randn(n)
    return (x / x.std())[:, None], (t / t.std())[:, None]


class MDN(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh())
        self.pi, self.mu, self.log_sigma = nn.Linear(h, K), nn.Linear(h, K), nn.Linear(h, K)

    def forward(self, x):
        h = self.trunk(x)
        return F.log_softmax(self.pi(h), -1), self.mu(h), self.log_sigma(h).clamp(-4, 2)


def neg_log_lik(out, t):
    logpi, mu, ls = out
    z = (t - mu) / ls.exp()
    comp = -0.5 * z ** 2 - ls - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(logpi + comp, -1).mean()


x, t = inverse_sine(3000)
xv, tv = inverse_sine(600)
net = MDN()
opt = torch.optim.Adam(net.parameters(), lr=8e-3)
for epoch in range(8):
    hist = []
    for idx in torch.randperm(len(x)).split(75):
        loss = neg_log_lik(net(x[idx]), t[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        hist.append(loss.item())
    with torch.no_grad():
        v = neg_log_lik(net(xv), tv).item()
    print(f"epoch {epoch} nll {sum(hist) / len(hist):.4f} val {v:.4f}")
