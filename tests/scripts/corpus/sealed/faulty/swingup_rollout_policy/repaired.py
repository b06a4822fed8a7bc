import numpy as np
import torch
from torch import nn

DT, GRAVITY, HORIZON, WINDOW = 0.06, 16.0, 50, 8


class Policy(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, th, om):
        return 20.0 * torch.tanh(self.net(torch.stack([th.sin(), th.cos(), om / 2], dim=1)).squeeze(1))


def rollout(policy, th, om, horizon=HORIZON):
    """Keep the pole upright (th = 0); the mean cost over the rollout is the loss."""
    costs = []
    for t in range(horizon):
        if t % WINDOW == 0:
            th, om = th.detach(), om.detach()
        torque = policy(th, om)
        om = om + DT * (GRAVITY * th.sin() + torque)
        th = th + DT * om
        costs.append(1 - th.cos() + 0.02 * om.clamp(-6, 6) ** 2)
    return torch.stack(costs).mean()


def starts(n):
    return 0.8 * (2 * torch.rand(n) - 1), 2 * torch.rand(n) - 1


torch.manual_seed(44)
policy = Policy()
opt = torch.optim.SGD(policy.parameters(), lr=0.05, momentum=0.9)
val = starts(200)
norms = []
for it in range(1, 221):
    loss = rollout(policy, *starts(32))
    opt.zero_grad()
    loss.backward()
    norms.append(sum(p.grad.norm().item() ** 2 for p in policy.parameters()) ** 0.5)
    opt.step()
    if it % 25 == 0:
        with torch.no_grad():
            v = rollout(policy, *val, horizon=100).item()
        print(f"iter {it} cost {loss.item():.4f} long-rollout cost {v:.4f} grad norm median {np.median(norms[-25:]):.2e} max {max(norms[-25:]):.2e}")
