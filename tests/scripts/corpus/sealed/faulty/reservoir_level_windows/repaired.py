import argparse
import math

import torch
from torch import nn
from torch.nn.functional import mse_loss

ap = argparse.ArgumentParser(description="forecast the change of a reservoir level from the last 30 readings")
ap.add_argument("--window", type=int, default=30)
ap.add_argument("--stride", type=int, default=1)
ap.add_argument("--hidden", type=int, default=128)
ap.add_argument("--steps", type=int, default=300)
ap.add_argument("--batch", type=int, default=32)
opt = ap.parse_args()

torch.manual_seed(29)
T = 6000
level = torch.zeros(T)
shock = torch.randn(T)
for t in range(2, T):
    season = 0.5 * math.sin(2 * math.pi * t / 48)
    level[t] = season + 0.75 * level[t - 1] - 0.35 * level[t - 2] + 0.55 * shock[t]
level = (level - level[:4000].mean()) / level[:4000].std()


def windows(series, stride):
    rolled = series.unfold(0, opt.window + 1, stride)
    return rolled[:, :-1], rolled[:, -1:]


x, y = windows(level[:4000], opt.stride)
xv, yv = windows(level[4000:], 3)
print(f"{len(x)} windows to learn from, {len(xv)} to check")


class Forecaster(nn.Module):
    def __init__(self, window, hidden):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(window, hidden), nn.Tanh(),
            nn.Linear(hidden, hidden), nn.Tanh(),
            nn.Linear(hidden, 1),
        )

    def forward(self, w):
        return self.net(w)


f = Forecaster(opt.window, opt.hidden)
adam = torch.optim.Adam(f.parameters(), lr=1e-3)
fit = []
for step in range(1, opt.steps + 1):
    pick = torch.randint(len(x), (opt.batch,))
    loss = mse_loss(f(x[pick]), y[pick])
    adam.zero_grad()
    loss.backward()
    adam.step()
    fit.append(loss.item())
    if step % 20 == 0:
        f.eval()
        with torch.no_grad():
            val = mse_loss(f(xv), yv).item()
        f.train()
        print(f"step {step:4d}  fit {sum(fit[-20:]) / 20:.4f}  val {val:.4f}")
