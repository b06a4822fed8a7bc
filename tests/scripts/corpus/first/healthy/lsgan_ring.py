"""Least-squares GAN on a ring of Gaussians with a gradient penalty on real points."""

import math

import torch
from torch import nn

MODES = 8


def real_points(n):
    angle = torch.randint(MODES, (n,)) * (2 * math.pi / MODES)
    centre = torch.stack([angle.cos(), angle.sin()], dim=1)
    return centre + 0.05 * torch.randn(n, 2)


def mlp(n_in, n_out, hidden=64):
    return nn.Sequential(
        nn.Linear(n_in, hidden),
        nn.LeakyReLU(0.2),
        nn.Linear(hidden, hidden),
        nn.LeakyReLU(0.2),
        nn.Linear(hidden, n_out),
    )


def radius_error(generator):
    with torch.no_grad():
        pts = generator(torch.randn(1000, 8))
    angle = torch.arange(MODES) * (2 * math.pi / MODES)
    centres = torch.stack([angle.cos(), angle.sin()], dim=1)
    nearest = torch.cdist(pts, centres).min(dim=1)
    return nearest.values.mean().item(), nearest.indices.unique().numel()


def main():
    torch.manual_seed(40)
    G, D = mlp(8, 2), mlp(2, 1)
    opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99))
    opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.99))
    batch, penalty_weight = 128, 0.05

    for step in range(1500):
        # discriminator
        real = real_points(batch).requires_grad_(True)
        fake = G(torch.randn(batch, 8)).detach()
        score_real, score_fake = D(real), D(fake)
        (slope,) = torch.autograd.grad(score_real.sum(), real, create_graph=True)
        penalty = slope.square().sum(dim=1).mean()
        loss_d = 0.5 * ((score_real - 1.0) ** 2).mean() + 0.5 * (score_fake**2).mean()
        opt_d.zero_grad()
        (loss_d + penalty_weight * penalty).backward()
        opt_d.step()

        # generator
        loss_g = 0.5 * ((D(G(torch.randn(batch, 8))) - 1.0) ** 2).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()

        if step % 300 == 0 or step == 1499:
            gap, modes = radius_error(G)
            print(
                f"step {step} d {loss_d.item():.4f} g {loss_g.item():.4f} "
                f"distance to nearest mode {gap:.3f} modes hit {modes}"
            )


if __name__ == "__main__":
    main()
