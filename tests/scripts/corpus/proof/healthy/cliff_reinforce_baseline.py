import torch
import torch.nn as nn

torch.manual_seed(905)
W, H, T = 5, 4, 8
GOAL = torch.tensor([4, 3])
MOVE = torch.tensor([[1, 0], [-1, 0], [0, 1], [0, -1]])


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(W + H, 48), nn.Tanh())
        self.pi = nn.Linear(48, 4)
        self.v = nn.Linear(48, 1)

    def forward(self, pos):
        x = torch.cat([nn.functional.one_hot(pos[:, 0], W), nn.functional.one_hot(pos[:, 1], H)], 1).float()
        h = self.body(x)
        return self.pi(h), self.v(h).squeeze(1)


def episodes(net, n):
    pos = torch.stack([torch.randint(0, W, (n,)), torch.randint(0, H, (n,))], 1)
    alive = ~(pos == GOAL).all(1)
    logs, vals, rews, ents, masks = [], [], [], [], []
    for _ in range(T):
        logits, v = net(pos)
        d = torch.distributions.Categorical(logits=logits)
        a = d.sample()
        new = (pos + MOVE[a]).clamp(torch.zeros(2, dtype=torch.long), torch.tensor([W - 1, H - 1]))
        pos = torch.where(alive[:, None], new, pos)
        at_goal = (pos == GOAL).all(1)
        logs.append(d.log_prob(a)); vals.append(v); ents.append(d.entropy()); masks.append(alive.float())
        rews.append((at_goal & alive).float() - 0.05 * alive.float())
        alive = alive & ~at_goal
    ret, rets = torch.zeros(n), []
    for r in reversed(rews):
        ret = r + 0.97 * ret
        rets.insert(0, ret)
    return [torch.stack(z) for z in (logs, vals, rets, ents, masks)]


net = ActorCritic()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for it in range(1, 221):
    logp, v, ret, ent, m = episodes(net, 48)
    adv = (ret - v).detach()
    adv = adv / (adv.std() + 1e-3)
    policy = -(logp * adv * m).sum() / m.sum()
    critic = ((ret - v).pow(2) * m).sum() / m.sum()
    loss = policy + 0.5 * critic - 0.01 * (ent * m).sum() / m.sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 20 == 0:
        print(f"update {it} mean return {ret[0].mean().item():.3f} critic {critic.item():.4f}")
