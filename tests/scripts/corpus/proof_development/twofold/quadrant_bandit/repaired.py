import torch
import torch.nn as nn

torch.manual_seed(77)
N_ACTIONS = 3


class Env:
    """context of 4 numbers; which arm pays depends on signs of products"""

    def __init__(self, seed=1):
        self.g = torch.Generator().manual_seed(seed)

    def contexts(self, n):
        return torch.rand(n, 4, generator=self.g) * 2 - 1

    def best(self, ctx):
        a = (ctx[:, 0] * ctx[:, 1] > 0).long()
        b = (ctx[:, 2].abs() > 0.5).long()
        return a + a * b

    def pull(self, ctx, arm):
        hit = (arm == self.best(ctx)).float()
        return hit + 0.1 * torch.randn(len(arm), generator=self.g)


qnet = nn.Sequential(
    nn.Linear(4, 64),
    nn.Tanh(),
    nn.Linear(64, 64),
    nn.Tanh(),
    nn.Linear(64, N_ACTIONS),
)
env = Env()
optimizer = torch.optim.RMSprop(qnet.parameters(), lr=3e-3)
gen = torch.Generator().manual_seed(5)
seen = []
for it in range(500):
    ctx = env.contexts(256)
    q = qnet(ctx)
    arm = q.argmax(1)
    explore = torch.rand(256, generator=gen) < max(0.1, 1 - it / 200)
    arm[explore] = torch.randint(0, N_ACTIONS, (int(explore.sum()),), generator=gen)
    reward = env.pull(ctx, arm)
    err = reward - q[torch.arange(256), arm]
    loss = err.pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seen.append(reward.mean().item())
    if (it + 1) % 50 == 0:
        print(f"iter {it + 1} td error {loss.item():.4f} reward {sum(seen[-50:]) / 50:.3f}")
with torch.no_grad():
    ctx = env.contexts(4000)
    greedy = qnet(ctx).argmax(1)
    print("greedy hit rate", (greedy == env.best(ctx)).float().mean().item())
