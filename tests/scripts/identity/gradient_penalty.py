"""Wasserstein critic with gradient penalty: double backward through torch.autograd.grad."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import make_swiss_roll
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LAMBDA = 10.0


def gradient_penalty(critic, real, fake):
    alpha = torch.rand(real.size(0), 1)
    interpolates = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    scores = critic(interpolates)
    (gradients,) = torch.autograd.grad(
        outputs=scores,
        inputs=interpolates,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
    )
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean() * LAMBDA


def train(loader):
    critic = nn.Sequential(
        nn.Linear(2, 32), nn.Softplus(), nn.Linear(32, 32), nn.Softplus(), nn.Linear(32, 1)
    )
    generator = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9))
    losses = []
    for _ in range(3):
        for i, (real,) in enumerate(loader):
            with torch.no_grad():
                fake = generator(torch.randn(len(real), 4))
            critic_loss = critic(fake).mean() - critic(real).mean()
            penalty = gradient_penalty(critic, real, fake)
            critic_optimizer.zero_grad()
            (critic_loss + penalty).backward()
            critic_optimizer.step()
            losses.append(critic_loss.item() + penalty.item())
            print(f"critic {losses[-1]!r} penalty {penalty.item()!r}")
            if i % 5 == 4:
                critic.requires_grad_(False)
                generator_optimizer.zero_grad()
                generator_loss = -critic(generator(torch.randn(len(real), 4))).mean()
                generator_loss.backward()
                generator_optimizer.step()
                critic.requires_grad_(True)
                losses.append(generator_loss.item())
                print(f"generator {losses[-1]!r}")
    return [critic, generator], [critic_optimizer, generator_optimizer], losses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(29)
    np.random.seed(29)
    torch.manual_seed(29)

    roll, _ = make_swiss_roll(320, noise=0.3)
    points = torch.tensor(roll[:, [0, 2]] / 10, dtype=torch.float32)
    loader = DataLoader(TensorDataset(points), 32, shuffle=True, num_workers=args.workers)
    models, optimizers, losses = train(loader)

    from _digest import write_digest

    write_digest(args.out, models=models, optimizers=optimizers, losses=losses)


if __name__ == "__main__":
    main()
