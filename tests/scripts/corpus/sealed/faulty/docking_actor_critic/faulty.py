"""Advantage actor-critic: a cart on a line has to dock at a random spot and stay there."""
from collections import namedtuple

import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(0)
HORIZON, N_ENVS, GAMMA = 12, 64, 0.95
Rollout = namedtuple("Rollout", "obs act logp ret")


class CartLine:
    def reset(self):
        self.pos = torch.rand(N_ENVS) * 2 - 1
        self.goal = torch.rand(N_ENVS) * 2 - 1
        self.t = 0
        return self.obs()

    def obs(self):
        left = torch.full((N_ENVS,), 1 - self.t / HORIZON)
        return torch.stack([self.pos, self.goal, left], 1)

    def step(self, action):
        self.pos = (self.pos + 0.2 * (action - 1).float() + 0.02 * torch.randn(N_ENVS)).clamp(-1.5, 1.5)
        self.t += 1
        return self.obs(), -(self.pos - self.goal).abs()


def mlp(n_out):
    return nn.Sequential(nn.Linear(3, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, n_out))


actor, critic = mlp(3), mlp(1)
optimizer = torch.optim.Adam(list(actor.parameters()) + list(critic.parameters()), lr=3e-3)


@torch.no_grad()
def collect(env):
    obs, O, A, L, R = env.reset(), [], [], [], []
    for _ in range(HORIZON):
        dist = Categorical(logits=actor(obs))
        act = dist.sample()
        nxt, rew = env.step(act)
        O.append(obs), A.append(act), L.append(dist.log_prob(act)), R.append(rew)
        obs = nxt
    ret, out = torch.zeros(N_ENVS), []
    for rew in reversed(R):
        ret = rew + GAMMA * ret
        out.append(ret)
    score = torch.stack(R).sum(0).mean().item()
    return Rollout(torch.cat(O), torch.cat(A), torch.cat(L), torch.cat(out[::-1])), score


env, recent = CartLine(), []
for update in range(400):
    batch, score = collect(env)
    values = critic(batch.obs).squeeze(-1)
    adv = (batch.ret - values).detach()
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    logp = batch.logp
    policy_loss = -(logp * adv).mean()
    value_loss = nn.functional.mse_loss(values, batch.ret)
    loss = policy_loss + 0.5 * value_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    recent.append(score)
    if (update + 1) % 40 == 0:
        print(f"update {update + 1:4d}  return {sum(recent[-40:]) / 40:7.3f}  value loss {value_loss.item():.3f}")
