# Monte-Carlo policy evaluation on a random walk with drift: fit V(s) to sampled returns.
import random

import torch
from torch import nn

SEED = 13
GAMMA = 0.95
random.seed(SEED)
torch.manual_seed(SEED)


class DriftWalk:
    """State in [-1, 1]^2; reward is larger near the upper right corner."""

    def reset(self):
        self.s = [random.uniform(-1, 1), random.uniform(-1, 1)]
        self.t = 0
        return list(self.s)

    def step(self):
        self.s = [min(1.0, max(-1.0, v + random.gauss(0.0, 0.08))) for v in self.s]
        self.t += 1
        reward = self.s[0] + 0.5 * self.s[1]
        return list(self.s), reward, self.t >= 20


def rollout(env):
    states, rewards = [env.reset()], []
    done = False
    while not done:
        s, r, done = env.step()
        states.append(s)
        rewards.append(r)
    returns, g = [], 0.0
    for r in reversed(rewards):
        g = r + GAMMA * g
        returns.insert(0, g)
    return states[0], returns[0]


env = DriftWalk()
critic = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3)

for update in range(1, 251):
    episodes = [rollout(env) for _ in range(32)]
    obs = torch.tensor([e[0] for e in episodes])
    returns = torch.tensor([e[1] for e in episodes])

    values = critic(obs).squeeze(-1)
    value_loss = 0.5 * (returns - values).pow(2).mean()

    optimizer.zero_grad()
    value_loss.backward()
    nn.utils.clip_grad_norm_(critic.parameters(), 10.0)
    optimizer.step()

    if update % 25 == 0:
        print(
            f"update {update:3d}  value_loss {value_loss.item():7.3f}  "
            f"return_std {returns.std().item():.2f}"
        )
