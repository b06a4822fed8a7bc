import torch
import torch.nn as nn

torch.manual_seed(902)


def real(n):
    c = torch.randint(0, 4, (n,))
    centre = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])[c]
    return centre + 0.25 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(4, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=4e-3, betas=(0.5, 0.9))


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


for it in range(400):
    x = real(128)
    fake = G(torch.randn(128, 4))
    d_loss = torch.relu(1 - D(x)).mean() + torch.relu(1 + D(fake.detach())).mean()
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    g_loss = -D(G(torch.randn(128, 4))).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if it % 50 == 0 or it == 399:
        with torch.no_grad():
            e = energy_distance(real(500), G(torch.randn(500, 4)))
        print(f"{it} d {d_loss.item():.3f} g {g_loss.item():.3f} energy distance {e:.4f}")
