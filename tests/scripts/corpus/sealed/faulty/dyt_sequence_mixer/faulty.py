import torch
from torch import nn

torch.manual_seed(15)


class DynamicTanh(nn.Module):
    def __init__(self, dim, alpha=50.0):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(alpha))
        self.scale = nn.Parameter(torch.ones(dim))
        self.shift = nn.Parameter(torch.zeros(dim))
        self.squash = nn.Tanh()

    def forward(self, x):
        return self.scale * self.squash(self.alpha * x) + self.shift


class MixerBlock(nn.Module):
    def __init__(self, dim, length):
        super().__init__()
        self.n1, self.n2 = DynamicTanh(dim), DynamicTanh(dim)
        self.tokens = nn.Sequential(nn.Linear(length, 32), nn.GELU(), nn.Linear(32, length))
        self.channels = nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim))

    def forward(self, x):
        x = x + self.tokens(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.n2(x))


class Forecaster(nn.Module):
    def __init__(self, length=24, dim=32, blocks=2):
        super().__init__()
        self.inp = nn.Linear(3, dim)
        self.blocks = nn.Sequential(*[MixerBlock(dim, length) for _ in range(blocks)])
        self.norm = DynamicTanh(dim)
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        return self.out(self.norm(self.blocks(self.inp(x))).mean(1)).squeeze(-1)


def windows(n):
    """Three coupled signals; the target is the next value of a product of two of them."""
    t = torch.arange(25.0)
    ph, fr = 6.28 * torch.rand(n, 3, 1), 0.15 + 0.25 * torch.rand(n, 3, 1)
    s = torch.sin(fr * t + ph)
    target = s[:, 0, -1] + 0.7 * s[:, 1, -1] * s[:, 2, -1]
    x = (s + 0.05 * torch.randn_like(s))[:, :, :-1].transpose(1, 2)
    return x / 0.71, target / 0.8


x, y = windows(4000)
vx, vy = windows(800)
net = Forecaster()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
for epoch in range(7):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(80):
        loss = nn.functional.mse_loss(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() / 50
    net.eval()
    with torch.no_grad():
        print(f"epoch {epoch} train mse {total:.4f} valid mse {nn.functional.mse_loss(net(vx), vy).item():.4f}")
