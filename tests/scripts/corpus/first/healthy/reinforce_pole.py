"""REINFORCE with a learned baseline on a vectorised pole-balancing task."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical

ENVS, HORIZON = 32, 80


def physics(state, action):
    x, v, th, om = state.unbind(1)
    force = torch.where(action == 1, 10.0, -10.0)
    cos, sin = th.cos(), th.sin()
    temp = (force + 0.05 * om**2 * sin) / 1.1
    acc_th = (9.8 * sin - cos * temp) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
    acc_x = temp - 0.05 * acc_th * cos / 1.1
    dt = 0.02
    return torch.stack(
        [x + dt * v, v + dt * acc_x, th + dt * om, om + dt * acc_th], dim=1
    )


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
        self.baseline = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, s):
        return Categorical(logits=self.actor(s)), self.baseline(s).squeeze(-1)


@torch.no_grad()
def rollout(policy):
    state = 0.05 * (2 * torch.rand(ENVS, 4) - 1)
    alive = torch.ones(ENVS, dtype=torch.bool)
    states, actions, mask = [], [], []
    for _ in range(HORIZON):
        action = Categorical(logits=policy.actor(state)).sample()
        states.append(state)
        actions.append(action)
        mask.append(alive)
        state = physics(state, action)
        fallen = (state[:, 2].abs() > 12 * math.pi / 180) | (state[:, 0].abs() > 2.4)
        alive = alive & ~fallen
        state = torch.where(alive[:, None], state, torch.zeros_like(state))
        if not alive.any():
            break
    return torch.stack(states), torch.stack(actions), torch.stack(mask)


def returns_to_go(mask, gamma=0.97):
    """Discounted returns, scaled so that an endless episode is worth 1."""
    out = torch.zeros(mask.shape)
    running = torch.zeros(mask.shape[1])
    for t in reversed(range(mask.shape[0])):
        running = mask[t].float() + gamma * running
        out[t] = running
    return (1 - gamma) * out


def main():
    torch.manual_seed(110)
    policy = Policy()
    opt = torch.optim.Adam(policy.parameters(), lr=5e-3)
    for update in range(200):
        states, actions, mask = rollout(policy)
        wanted = returns_to_go(mask)[mask]
        dist, value = policy(states[mask])
        advantage = wanted - value.detach()
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
        policy_loss = -(dist.log_prob(actions[mask]) * advantage).mean()
        value_loss = F.mse_loss(value, wanted)
        entropy = dist.entropy().mean()
        loss = policy_loss + 0.5 * value_loss - 0.005 * entropy

        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        opt.step()

        if update % 25 == 0 or update == 199:
            length = mask.float().sum(0).mean().item()
            print(
                f"update {update:3d} loss {loss.item():.4f} "
                f"value loss {value_loss.item():.4f} mean length {length:.1f}"
            )


if __name__ == "__main__":
    main()
