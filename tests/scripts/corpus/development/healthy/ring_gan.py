# 2d GAN: learn a ring of radius 1
import math
import torch
import torch.nn as nn

torch.manual_seed(0)
Z = 8
G = nn.Sequential(nn.Linear(Z, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))
bce = nn.BCEWithLogitsLoss()


def real(n):
    t = torch.rand(n) * 2 * math.pi
    return torch.stack([t.cos(), t.sin()], 1) + 0.05 * torch.randn(n, 2)


for it in range(600):
    x = real(64)
    fake = G(torch.randn(64, Z))
    d_loss = bce(D(x), torch.full((64, 1), 0.9)) + bce(D(fake.detach()), torch.zeros(64, 1))
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = bce(D(fake), torch.ones(64, 1))
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if it % 100 == 99:
        with torch.no_grad():
            r = G(torch.randn(500, Z)).norm(dim=1)
        print(f'{it + 1} d {d_loss.item():.3f} g {g_loss.item():.3f} radius {r.mean().item():.3f} +- {r.std().item():.3f}')
