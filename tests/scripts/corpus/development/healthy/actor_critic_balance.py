"""Advantage actor-critic on a toy balancing task (vectorised, 16 environments)."""
import torch
from torch import nn
from torch.distributions import Categorical


class Balance:
    """position and speed drift away from zero; actions push left, none, right"""

    def __init__(self, n):
        self.n = n
        self.s = self.fresh(n)

    @staticmethod
    def fresh(n):
        return torch.randn(n, 2) * 0.3

    def step(self, a):
        push = (a - 1).float() * 0.25
        pos, vel = self.s.unbind(1)
        vel = 0.95 * vel + 0.08 * pos + push + 0.03 * torch.randn(self.n)
        pos = pos + 0.3 * vel
        out = pos.abs() > 2
        reward = torch.where(out, torch.tensor(-2.0), 1 - pos.abs())
        nxt = torch.stack([pos, vel], 1)
        self.s = torch.where(out[:, None], self.fresh(self.n), nxt)
        return nxt, reward, out.float()


class ActorCritic(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2, h), nn.Tanh())
        self.pi, self.v = nn.Linear(h, 3), nn.Linear(h, 1)

    def forward(self, s):
        z = self.trunk(s)
        return self.pi(z), self.v(z).squeeze(-1)


def main(updates=350, horizon=5, gamma=0.9):
    torch.manual_seed(70)
    env, net = Balance(16), ActorCritic()
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    log = []
    for u in range(1, updates + 1):
        lp, vals, rews, dones, ent = [], [], [], [], []
        for _ in range(horizon):
            logits, v = net(env.s)
            dist = Categorical(logits=logits)
            a = dist.sample()
            nxt, r, done = env.step(a)
            lp.append(dist.log_prob(a)); vals.append(v); rews.append(r); dones.append(done); ent.append(dist.entropy())
        with torch.no_grad():
            ret = net(env.s)[1]
            targets = []
            for r, dn in zip(reversed(rews), reversed(dones)):
                ret = r + gamma * ret * (1 - dn)
                targets.insert(0, ret)
        targets, vals = torch.stack(targets) , torch.stack(vals)
        adv = (targets - vals).detach()
        loss = -(torch.stack(lp) * adv).mean() + 0.5 * nn.functional.smooth_l1_loss(vals, targets) - 0.01 * torch.stack(ent).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        log.append(torch.stack(rews).mean().item())
        if u % 50 == 0:
            print(u, 'mean reward', round(sum(log[-50:]) / 50, 3))


main()
