import math
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_clouds(per_class, points, g):
    """four kinds of 2-d point clouds: blob, ring, cross, two clusters"""
    n, m = per_class, points
    blob = torch.randn(n, m, 2, generator=g) * 0.8
    a = torch.rand(n, m, generator=g) * 2 * math.pi
    ring = 1.3 * torch.stack([a.cos(), a.sin()], -1) + 0.1 * torch.randn(n, m, 2, generator=g)
    u = torch.rand(n, m, generator=g) * 3 - 1.5
    cross = torch.stack([u, u * torch.sign(torch.randn(n, m, generator=g))], -1) + 0.1 * torch.randn(n, m, 2, generator=g)
    c = torch.sign(torch.randn(n, m, 1, generator=g)) * torch.tensor([1.0, 0.2])
    two = c + 0.35 * torch.randn(n, m, 2, generator=g)
    xs = torch.cat([blob, ring, cross, two])
    ys = torch.arange(4).repeat_interleave(n)
    return xs, ys


class DeepSet(nn.Module):
    def __init__(self, width=48, depth=8):
        super().__init__()
        mods, d = [], 2
        for _ in range(depth):
            mods += [nn.Linear(d, width), nn.Sigmoid()]
            d = width
        self.phi = nn.Sequential(*mods)
        self.rho = nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, pts):
        return self.rho(self.phi(pts).mean(dim=1))


torch.manual_seed(14)
g = torch.Generator().manual_seed(14)
xtr, ytr = make_clouds(400, 20, g)
xva, yva = make_clouds(100, 20, g)
loader = DataLoader(TensorDataset(xtr, ytr), batch_size=32)
net = DeepSet()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
ce = nn.CrossEntropyLoss()
for epoch in range(5):
    net.train()
    for i, (x, y) in enumerate(loader):
        loss = ce(net(x), y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if i % 25 == 0:
            print(f"[{epoch}:{i}] loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        print("val acc", (net(xva).argmax(1) == yva).float().mean().item())
