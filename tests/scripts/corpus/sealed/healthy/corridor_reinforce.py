import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(4)
N, HORIZON, BATCH = 5, 16, 32


class GridWorld:
    """A batch of agents on a 5x5 board; reach a goal that differs by episode; each step costs 0.05."""
    MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])

    def reset(self, n):
        self.pos = torch.randint(0, N, (n, 2))
        self.goal = torch.randint(0, N, (n, 2))
        self.done = torch.zeros(n, dtype=torch.bool)
        return self.obs()

    def obs(self):
        oh = nn.functional.one_hot(torch.cat([self.pos, self.goal], 1), N).float().flatten(1)
        return torch.cat([oh, (self.goal - self.pos).float() / 2], 1)

    def step(self, a):
        self.pos = (self.pos + self.MOVES[a]).clamp(0, N - 1)
        at = (self.pos == self.goal).all(1)
        reward = torch.where(self.done, 0.0, torch.where(at, 1.0, -0.05))
        alive = ~self.done
        self.done = self.done | at
        return self.obs(), reward, alive


policy = nn.Sequential(nn.Linear(4 * N + 2, 64), nn.Tanh(), nn.Linear(64, 4))
opt = torch.optim.Adam(policy.parameters(), lr=5e-3)
env = GridWorld()
history = []
for it in range(1, 301):
    s = env.reset(BATCH)
    logps, ents, rewards, alive_mask = [], [], [], []
    for t in range(HORIZON):
        dist = Categorical(logits=policy(s))
        a = dist.sample()
        s, r, alive = env.step(a)
        logps.append(dist.log_prob(a))
        ents.append(dist.entropy())
        rewards.append(r)
        alive_mask.append(alive.float())
    ret, returns = torch.zeros(BATCH), []
    for r in reversed(rewards):
        ret = r + 0.95 * ret
        returns.append(ret)
    returns, mask = torch.stack(returns[::-1]), torch.stack(alive_mask)
    mean = (returns * mask).sum() / mask.sum()
    std = (((returns - mean) ** 2 * mask).sum() / mask.sum()).sqrt()
    adv = (returns - mean) / (std + 1e-6)
    loss = -((torch.stack(logps) * adv + 0.01 * torch.stack(ents)) * mask).sum() / mask.sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(torch.stack(rewards).sum(0).mean().item())
    if it % 50 == 0:
        print(f"iter {it} mean return of the last 25: {sum(history[-25:]) / 25:.3f} solved {env.done.float().mean():.2f}")
