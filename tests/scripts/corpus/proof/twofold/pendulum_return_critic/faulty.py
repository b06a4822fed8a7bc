import math
import torch
import torch.nn as nn

torch.manual_seed(37)


class Pendulum:
    """swing with friction and a fixed damping controller; costs are summed over 12 steps"""

    def reset(self, n):
        self.th = (torch.rand(n) * 2 - 1) * math.pi
        self.om = torch.randn(n) * 1.5
        return self.obs()

    def obs(self):
        return torch.stack([self.th.cos(), self.th.sin(), self.om / 2], 1)

    def step(self):
        torque = (-0.6 * self.om).clamp(-1, 1)
        cost = (1 - self.th.cos()) * 0.2 + 0.015 * self.om ** 2
        self.om = (0.97 * self.om - 0.5 * self.th.sin() + 0.2 * torque).clamp(-6, 6)
        self.th = self.th + 0.3 * self.om
        return -cost


env = Pendulum()


def collect(n):
    s = env.reset(n)
    total = torch.zeros(n)
    for k in range(12):
        total += env.step()
    return s, total


class Value(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.v = nn.Linear(64, 1)

    def forward(self, s):
        return torch.tanh(self.v(self.trunk(s)))


value = Value()
optimizer = torch.optim.Adam(value.parameters(), lr=1e-2)
for it in range(1, 301):
    s, ret = collect(80)
    v = value(s)
    loss = nn.functional.mse_loss(v, ret)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 50 == 0:
        with torch.no_grad():
            s, ret = collect(1000)
            res = ret - value(s)[:, 0]
        print(f"it {it} loss {loss.item():.4f} test mse {res.pow(2).mean().item():.4f} return mean {ret.mean().item():.2f} var {ret.var().item():.2f}")
