import math
import torch
from torch import nn

GAITS = ["rest", "walk", "jog", "climb", "cycle"]


def windows(n, gen):
    """Accelerometer-like windows: 3 axes x 20 samples."""
    k = torch.randint(0, len(GAITS), (n,), generator=gen)
    t = torch.linspace(0, 2, 20)
    freq = torch.tensor([0.0, 1.0, 2.3, 0.7, 1.6])[k] * (1 + 0.08 * torch.randn(n, generator=gen))
    amp = torch.tensor([0.0, 0.8, 1.4, 1.1, 0.7])[k] * (1 + 0.15 * torch.randn(n, generator=gen))
    phase = 2 * math.pi * torch.rand(n, generator=gen)
    tilt = torch.tensor([0.0, 0.1, 0.2, 0.9, -0.7])[k]
    arg = 2 * math.pi * freq[:, None] * t + phase[:, None]
    axes = torch.stack([amp[:, None] * arg.sin(), 0.5 * amp[:, None] * (2 * arg).cos(), tilt[:, None].expand(n, 20)], 1)
    axes = axes + 0.35 * torch.randn(axes.shape, generator=gen)
    return axes.flatten(1), k


def build_mlp(sizes, act=nn.ReLU):
    layers = []
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        layers.append(nn.Linear(a, b))
        if i < len(sizes) - 2:
            layers.append(act())
    return nn.Sequential(*layers)


class Classifier:
    def __init__(self, sizes, lr=0.05, batch=64):
        self.net = build_mlp(sizes)
        self.opt = torch.optim.SGD(self.net.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
        self.batch = batch
        self.crit = nn.CrossEntropyLoss()

    def fit(self, x, y, xv, yv, epochs):
        for ep in range(epochs):
            for idx in torch.randperm(len(x)).split(self.batch):
                self.opt.zero_grad()
                loss = self.crit(self.net(x[idx]), y[idx])
                loss.backward()
                self.opt.step()
            print(f"epoch {ep} last loss {loss.item():.3f} valid acc {self.score(xv, yv):.3f}")

    @torch.no_grad()
    def score(self, x, y):
        return (self.net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(21)
g = torch.Generator().manual_seed(8)
x, y = windows(3200, g)
xv, yv = windows(800, g)
mu, sd = x.mean(0), x.std(0)
Classifier([60, 80, 40, len(GAITS)]).fit((x - mu) / sd, y, (xv - mu) / sd, yv, epochs=8)
