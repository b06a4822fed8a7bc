import torch
import torch.nn as nn

torch.manual_seed(19)
SIZE, GAMMA = 6, 0.95
GOAL = torch.tensor([5, 5])
MOVES = torch.tensor([[1, 0], [0, 1], [-1, 0], [0, -1]])


def rollout(n, horizon=16):
    """random walkers leaning to the lower right; gives states and their discounted returns"""
    pos = torch.randint(0, SIZE, (n, 2))
    states, rewards = [], []
    for _ in range(horizon):
        states.append(pos)
        act = torch.multinomial(torch.tensor([0.36, 0.36, 0.14, 0.14]), n, replacement=True)
        pos = (pos + MOVES[act]).clamp(0, SIZE - 1)
        rewards.append((pos == GOAL).all(1).float())
    ret = torch.zeros(n)
    out = []
    for r in reversed(rewards):
        ret = r + GAMMA * ret
        out.append(ret)
    out.reverse()
    return torch.stack(states[:6]).flatten(0, 1), torch.stack(out[:6]).flatten()


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(2 * SIZE, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))

    def forward(self, pos):
        one_hot = nn.functional.one_hot(pos, SIZE).flatten(1).float()
        return self.f(one_hot)


critic = Critic()
opt = torch.optim.Adam(critic.parameters(), lr=1e-2)
for it in range(1, 301):
    states, returns = rollout(40)
    value = critic(states)
    loss = 0.5 * (returns - value.squeeze(-1)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        with torch.no_grad():
            s, g = rollout(500)
            v = critic(s).flatten()
            ev = 1 - (g - v).var() / g.var()
        print(f"iter {it:4d} value loss {loss.item():.4f} explained variance {ev.item():.3f}")
