import math
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


def real(n):
    """Five blobs on a circle."""
    a = 2 * math.pi * torch.randint(0, 5, (n,)) / 5
    return torch.stack([a.cos(), a.sin()], 1) * 1.3 + 0.15 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(4, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.9))
one, zero = torch.ones(128, 1), torch.zeros(128, 1)


def sliced_distance(a, b, k=32):
    d = F.normalize(torch.randn(2, k), dim=0)
    return ((a @ d).sort(0).values - (b @ d).sort(0).values).abs().mean().item()


for step in range(1, 601):
    x = real(128)
    fake = G(torch.randn(128, 4))
    d_loss = F.binary_cross_entropy_with_logits(D(x), one * 0.9) + F.binary_cross_entropy_with_logits(D(fake.detach()), zero)
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = F.binary_cross_entropy_with_logits(D(fake), one)
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if step == 1 or step % 100 == 0:
        with torch.no_grad():
            dist = sliced_distance(G(torch.randn(1000, 4)), real(1000))
        print(f"step {step} d {d_loss.item():.3f} g {g_loss.item():.3f} sliced distance {dist:.3f}")
