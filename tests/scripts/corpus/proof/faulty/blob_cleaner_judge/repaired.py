import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(71)
SIZE = 8
grid = torch.stack(torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij"), -1).float()


def real_pictures(n):
    """a soft blob at a random place"""
    centre = torch.rand(n, 1, 1, 2) * 5 + 1
    return (torch.exp(-((grid - centre) ** 2).sum(-1) / 2.5) * 2 - 1).flatten(1)


def noise_pictures(n):
    return (real_pictures(n) + 0.8 * torch.randn(n, 64)).clamp(-1.5, 1.5)


# a cleaner maps noisy pictures to clean ones, a judge rates how noisy a picture is
cleaner = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 64), nn.Tanh())
judge = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_c = torch.optim.Adam(cleaner.parameters(), lr=4e-3)
opt_j = torch.optim.Adam(judge.parameters(), lr=4e-3)

for it in range(250):
    clean = real_pictures(64)
    noisy = (clean + 0.8 * torch.randn_like(clean)).clamp(-1.5, 1.5)

    opt_j.zero_grad()
    fake = cleaner(noisy).detach()
    out = judge(torch.cat([clean, noisy, fake]))[:, 0]
    goal = torch.cat([torch.ones(64), torch.zeros(64), torch.full((64,), 0.5)])
    loss_j = F.binary_cross_entropy_with_logits(out, goal)
    loss_j.backward()
    opt_j.step()

    opt_c.zero_grad()
    made = cleaner(noisy)
    loss_c = F.mse_loss(made, clean)
    loss_c.backward()
    opt_c.step()
    if it % 25 == 0:
        with torch.no_grad():
            c, n = judge(real_pictures(200))[:, 0], judge(noise_pictures(200))[:, 0]
            acc = 0.5 * ((c > 0).float().mean() + (n < 0).float().mean())
        print(f"it {it} judge {loss_j.item():.4f} cleaner {loss_c.item():.4f} judge acc {acc.item():.3f}")
