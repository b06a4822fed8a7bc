# fit a 2-d surface with soft steps, my own little module
import math
import torch

torch.manual_seed(12)


class SoftSteps(torch.nn.Module):
    def __init__(self, n_in, n_steps, steepness):
        super().__init__()
        self.proj = torch.nn.Linear(n_in, n_steps)
        self.steepness = steepness

    def forward(self, x):
        return torch.tanh(self.steepness * self.proj(x))


def surface(p):
    return torch.sin(1.5 * p[:, 0]) * torch.cos(p[:, 1]) + 0.3 * p[:, 0]


x = torch.rand(3000, 2) * 4 - 2
y = surface(x)
y = ((y - y.mean()) / y.std())[:, None]
x = x / (4 / math.sqrt(12))
xt, yt = x[2500:], y[2500:]
x, y = x[:2500], y[:2500]

STEEP = 60.0
f = torch.nn.Sequential(SoftSteps(2, 64, STEEP), SoftSteps(64, 64, STEEP), torch.nn.Linear(64, 1))
opt = torch.optim.Adam(f.parameters(), lr=0.003)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)

for epoch in range(10):
    for i in torch.randperm(len(x)).split(50):
        opt.zero_grad()
        l = torch.nn.functional.smooth_l1_loss(f(x[i]), y[i])
        l.backward()
        opt.step()
    sched.step()
    with torch.no_grad():
        print(epoch, 'train', round(l.item(), 5), 'held out mse', round((f(xt) - yt).pow(2).mean().item(), 5))
