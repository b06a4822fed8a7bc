# TD(0) value estimation for a noisy 2-d walk towards a goal, with a frozen copy for the targets
import copy
import torch
from torch import nn

torch.manual_seed(9)
GAMMA = 0.8
MAX_NORM = 1e-5
GOAL = torch.tensor([0.7, 0.7])


def walk(n):
    """returns state, reward, next state, done"""
    s = torch.rand(n, 2) * 2 - 1
    move = 0.3 * torch.sign(GOAL - s) * torch.rand(n, 1) + 0.05 * torch.randn(n, 2)
    s2 = (s + move).clamp(-1, 1)
    done = ((s2 - GOAL).abs().amax(1) < 0.25).float()
    return s, done * 2 - 0.2, s2, done


value = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
frozen = copy.deepcopy(value).requires_grad_(False)
opt = torch.optim.SGD(value.parameters(), lr=0.1)

probe_near, probe_far = torch.tensor([[0.5, 0.5]]), torch.tensor([[-0.9, -0.9]])
for step in range(600):
    s, r, s2, done = walk(64)
    with torch.no_grad():
        target = r + GAMMA * (1 - done) * frozen(s2).squeeze(1)
    loss = nn.functional.mse_loss(value(s).squeeze(1), target)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(value.parameters(), MAX_NORM)
    opt.step()
    if step % 20 == 0:
        frozen.load_state_dict(value.state_dict())
    if step % 100 == 99:
        with torch.no_grad():
            print(step + 1, f'td error {loss.item():.4f} near {value(probe_near).item():.3f} far {value(probe_far).item():.3f}')
