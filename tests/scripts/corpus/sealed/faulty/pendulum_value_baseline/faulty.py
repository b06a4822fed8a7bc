import math
import random
import torch
from torch import nn
from torch.optim import RMSprop

random.seed(2)
torch.manual_seed(2)
GAMMA = 0.95


def rollout(horizon=40):
    """A noisy damped pendulum under a fixed controller; cost for being away from upright."""
    th, om = random.uniform(-2.5, 2.5), random.uniform(-1.5, 1.5)
    states, rewards = [], []
    for _ in range(horizon):
        states.append((math.sin(th), math.cos(th), om))
        u = -1.2 * th - 0.4 * om + random.gauss(0, 0.3)
        om = 0.95 * om + 0.1 * (0.8 * math.sin(th) + u)
        th = th + 0.1 * om
        rewards.append(-(th ** 2 + 0.1 * om ** 2))
    ret, returns = 0.0, []
    for r in reversed(rewards):
        ret = r + GAMMA * ret
        returns.append(ret)
    keep = horizon // 2
    return states[:keep], returns[::-1][:keep]


def collect(episodes):
    s, r = [], []
    for _ in range(episodes):
        a, b = rollout()
        s += a
        r += b
    return torch.tensor(s), torch.tensor(r)


class ValueNet(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.l1 = nn.Linear(3, hidden)
        self.l2 = nn.Linear(hidden, hidden)
        self.v = nn.Linear(hidden, 1)

    def forward(self, s):
        h = torch.tanh(self.l1(s))
        h = torch.tanh(self.l2(h))
        return torch.relu(self.v(h)).squeeze(-1)


states, returns = collect(300)
test_s, test_r = collect(60)
m, s = returns.mean(), returns.std()
returns, test_r = (returns - m) / s, (test_r - m) / s
value = ValueNet()
opt = RMSprop(value.parameters(), lr=1e-3)
for sweep in range(8):
    for idx in torch.randperm(len(states)).split(120):
        opt.zero_grad()
        loss = ((value(states[idx]) - returns[idx]) ** 2).mean()
        loss.backward()
        opt.step()
    with torch.no_grad():
        ev = 1 - ((value(test_s) - test_r) ** 2).mean() / test_r.var()
    print(f"sweep {sweep} value loss {loss.item():.4f} explained variance {ev.item():.3f}")
