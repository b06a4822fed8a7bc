import numpy as np
import torch
from torch import nn


def measure(n, rng):
    u = rng.uniform(-1, 1, (n, 2))
    v = np.exp(-2 * (u[:, 0] - 0.3) ** 2) * np.cos(2.5 * u[:, 1]) + 0.3 * u[:, 0]
    return u, v + 0.03 * rng.normal(size=n)


torch.manual_seed(3)
rng = np.random.default_rng(3)
u, v = measure(1500, rng)
uv, vv = measure(400, rng)
m, s = v.mean(), v.std()
to = lambda a: torch.tensor(a, dtype=torch.float32)
x, y, xv, yv = to(u / 0.577), to((v - m) / s)[:, None], to(uv / 0.577), to((vv - m) / s)[:, None]
net = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
opt = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=4, history_size=10, line_search_fn="strong_wolfe")


def penalised():
    fit = nn.functional.mse_loss(net(x), y)
    return fit + 1e-5 * sum(p.pow(2).sum() for p in net.parameters())


def closure():
    opt.zero_grad()
    loss = penalised()
    loss.backward()
    return loss


for it in range(1, 121):
    loss = opt.step(closure)
    if it % 20 == 0 or it == 1:
        with torch.no_grad():
            print(f"iter {it} loss {float(loss):.5f} valid mse {nn.functional.mse_loss(net(xv), yv).item():.5f}")
