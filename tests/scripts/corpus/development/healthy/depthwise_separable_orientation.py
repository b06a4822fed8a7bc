"""Depthwise-separable convnet for grating orientation."""
import argparse
import math

import torch
from torch import nn


def separable(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cin, 3, padding=1, groups=cin, bias=False),
        nn.Conv2d(cin, cout, 1, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


class MobileLike(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True))
        self.stage = nn.Sequential(separable(12, 24), nn.MaxPool2d(2), separable(24, 32))
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        return self.fc(self.stage(self.stem(x)).mean((2, 3)))


def gratings(n, size, classes, gen):
    y = torch.randint(0, classes, (n,), generator=gen)
    theta = (y + 0.6 * (torch.rand(n, generator=gen) - 0.5)) * math.pi / classes
    phase = torch.rand(n, 1, 1, generator=gen) * 6.28
    r = torch.arange(size).float() - size / 2
    proj = theta.cos()[:, None, None] * r[None, None] + theta.sin()[:, None, None] * r[None, :, None]
    img = torch.sin(1.3 * proj + phase) + 0.5 * torch.randn(n, size, size, generator=gen)
    return img.unsqueeze(1), y


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=250)
    p.add_argument("--lr", type=float, default=4e-3)
    p.add_argument("--batch", type=int, default=32)
    a = p.parse_args()
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    xv, yv = gratings(300, 12, 6, gen)
    net = MobileLike(6)
    opt = torch.optim.AdamW(net.parameters(), lr=a.lr)
    for step in range(1, a.steps + 1):
        net.train()
        x, y = gratings(a.batch, 12, 6, gen)
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        if step % 50 == 0:
            net.eval()
            with torch.no_grad():
                print(step, f"{loss.item():.3f}", "val acc", f"{(net(xv).argmax(1) == yv).float().mean().item():.3f}")


if __name__ == "__main__":
    main()
