import numpy as np
import torch
from torch import nn


class RiskModel(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 48), nn.Tanh(), nn.Linear(48, 24), nn.Tanh(), nn.Linear(24, 1, bias=False))

    def forward(self, x):
        return self.net(x).squeeze(1)


def cox_loss(score, time, event):
    order = torch.argsort(time, descending=True)
    score, event = score[order], event[order]
    log_risk = torch.logcumsumexp(score, dim=0)
    return -((score - log_risk) * event).sum() / event.sum().clamp(min=1)


@torch.no_grad()
def concordance(score, time, event):
    earlier = (time[:, None] < time[None, :]) & (event[:, None] > 0)
    return (score[:, None] > score[None, :])[earlier].float().mean().item()


def pumps(n, rng):
    x = rng.normal(size=(n, 7))
    risk = 1.2 * np.sin(x[:, 0] * 1.5) + 0.8 * x[:, 1] * x[:, 2] + 0.7 * x[:, 3]
    life = rng.exponential(np.exp(-risk))
    censor = rng.exponential(3.0, n)
    f = lambda a: torch.tensor(a, dtype=torch.float32)
    return f(x), f(np.minimum(life, censor)), f(life <= censor)


torch.manual_seed(20)
rng = np.random.default_rng(20)
x, t, e = pumps(5000, rng)
vx, vt, ve = pumps(800, rng)
model = RiskModel(7)
opt = torch.optim.RMSprop(model.parameters(), lr=2e-3)
for epoch in range(9):
    model.train()
    tot = 0.0
    for idx in torch.randperm(len(x)).split(100):
        loss = cox_loss(model(x[idx]), t[idx], e[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / 50
    model.eval()
    with torch.no_grad():
        s = model(vx)
    print(f"epoch {epoch} partial likelihood loss {tot:.4f} valid concordance {concordance(s, vt, ve):.3f}")
