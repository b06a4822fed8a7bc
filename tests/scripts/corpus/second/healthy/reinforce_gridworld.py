"""REINFORCE with a moving baseline on a 5x5 grid."""

import torch
import torch.nn as nn
from torch.distributions import Categorical


class Grid:
    MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]

    def __init__(self, size=5, goal=(4, 4), limit=20):
        self.size, self.goal, self.limit = size, goal, limit

    def reset(self, n):
        self.pos = torch.randint(0, self.size, (n, 2))
        self.goal_t = torch.tensor(self.goal)
        self.alive = (self.pos != self.goal_t).any(1)
        return self.obs()

    def obs(self):
        return nn.functional.one_hot(self.pos, self.size).float().flatten(1)

    def step(self, action):
        move = torch.tensor(self.MOVES)[action]
        moved = (self.pos + move).clamp(0, self.size - 1)
        self.pos = torch.where(self.alive[:, None], moved, self.pos)
        reward = -0.1 * self.alive.float()
        arrived = self.alive & (self.pos == self.goal_t).all(1)
        reward = reward + arrived.float()
        self.alive = self.alive & ~arrived
        return self.obs(), reward


def discount(rewards, gamma=0.98):
    out, g = [], torch.zeros_like(rewards[0])
    for r in reversed(rewards):
        g = r + gamma * g
        out.append(g)
    return torch.stack(out[::-1])


torch.manual_seed(2)
env = Grid()
policy = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 4))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)

for episode in range(1, 201):
    obs = env.reset(24)
    log_probs, rewards, masks, entropies = [], [], [], []
    for _ in range(env.limit):
        dist = Categorical(logits=policy(obs))
        action = dist.sample()
        masks.append(env.alive.float())
        log_probs.append(dist.log_prob(action))
        entropies.append(dist.entropy())
        obs, r = env.step(action)
        rewards.append(r)
    returns = discount(rewards)
    mask = torch.stack(masks)
    baseline = (returns * mask).sum() / mask.sum()
    scale = ((returns - baseline).pow(2) * mask).sum().div(mask.sum()).sqrt() + 1e-6
    advantage = (returns - baseline) / scale
    pg = -(torch.stack(log_probs) * advantage * mask).sum() / mask.sum()
    ent = (torch.stack(entropies) * mask).sum() / mask.sum()
    loss = pg - 0.01 * ent
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if episode % 20 == 0:
        total = torch.stack(rewards).sum(0).mean().item()
        print(
            f"episode {episode} reward {total:.3f} entropy {ent.item():.3f} loss {loss.item():.3f}"
        )
