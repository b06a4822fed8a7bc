"""Classify noisy waveforms (sine, square, saw) with an MLP over the raw samples."""
import math

import torch
import torch.nn.functional as F
from torch import nn

WIDTH, DEPTH, LENGTH = 128, 4, 48


def waves(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    phase = torch.rand(n, 1, generator=gen)
    freq = 1 + 2 * torch.rand(n, 1, generator=gen)
    t = torch.linspace(0, 1, LENGTH)[None] * freq + phase
    sine = torch.sin(2 * math.pi * t)
    square = torch.sign(sine)
    saw = 2 * (t % 1.0) - 1
    x = torch.stack([sine, square, saw], 1)[torch.arange(n), y]
    return x + 0.15 * torch.randn(n, LENGTH, generator=gen), y


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, mean=0.0, std=math.sqrt(2.0 / m.in_features))
        nn.init.zeros_(m.bias)


def build():
    layers, d = [], LENGTH
    for _ in range(DEPTH):
        layers += [nn.Linear(d, WIDTH), nn.ReLU()]
        d = WIDTH
    trunk = nn.Sequential(*layers)
    trunk.apply(init_weights)
    return nn.Sequential(trunk, nn.Linear(WIDTH, 3))


def main():
    torch.manual_seed(17)
    gen = torch.Generator().manual_seed(17)
    xv, yv = waves(600, gen)
    model = build()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for step in range(400):
        x, y = waves(64, gen)
        loss = F.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            with torch.no_grad():
                logits = model(xv)
            print(f"{step} train {loss.item():.4f} val {F.cross_entropy(logits, yv).item():.4f} "
                  f"acc {(logits.argmax(1) == yv).float().mean().item():.3f}")


main()
