# REINFORCE on a 5x5 grid, vectorised over 32 agents
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(4)
N, T, S = 32, 12, 5
MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])
GOAL = torch.tensor([4, 4])


def encode(pos):
    return torch.cat([nn.functional.one_hot(pos[:, 0], S), nn.functional.one_hot(pos[:, 1], S)], 1).float()


policy = nn.Sequential(nn.Linear(2 * S, 48), nn.Tanh(), nn.Linear(48, 4))
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
running = None

for update in range(300):
    pos = torch.randint(0, 3, (N, 2))
    alive = torch.ones(N)
    logps, ents, rewards, masks = [], [], [], []
    for t in range(T):
        dist = Categorical(logits=policy(encode(pos)))
        a = dist.sample()
        pos = (pos + MOVES[a]).clamp(0, S - 1)
        at_goal = (pos == GOAL).all(1).float()
        logps.append(dist.log_prob(a))
        ents.append(dist.entropy())
        rewards.append((at_goal - 0.05) * alive)
        masks.append(alive)
        alive = alive * (1 - at_goal)
    R, returns = torch.zeros(N), []
    for r in reversed(rewards):
        R = r + 0.95 * R
        returns.insert(0, R)
    ret, mask = torch.stack(returns), torch.stack(masks)
    adv = (ret - ret[mask > 0].mean()) / (ret[mask > 0].std() + 1e-6)
    loss = -((torch.stack(logps) * adv + 0.01 * torch.stack(ents)) * mask).sum() / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total = torch.stack(rewards).sum(0).mean().item()
    running = total if running is None else 0.95 * running + 0.05 * total
    if update % 50 == 49:
        print(f'update {update + 1} return {running:.3f} reached {(1 - alive).mean().item():.2f}')
