import torch
import torch.nn as nn
import torch.nn.functional as F


class SetNet(nn.Module):
    def __init__(self, inner=40):
        super().__init__()
        self.point = nn.Sequential(nn.Linear(2, inner), nn.Linear(inner, inner), nn.Linear(inner, inner))
        self.pooled = nn.Sequential(nn.Linear(inner, 24), nn.Tanh(), nn.Linear(24, 3))

    def forward(self, pts, mask):
        h = self.point(pts) * mask.unsqueeze(-1)
        return self.pooled(h.sum(1) / mask.sum(1, keepdim=True))


def sets(n, m, g):
    """points on a circle, inside a disc, or on a line; all centred, sizes differ"""
    y = torch.randint(0, 3, (n,), generator=g)
    a = torch.rand(n, m, generator=g) * 6.2832
    rad = torch.where(y[:, None] == 0, torch.ones(n, m), torch.rand(n, m, generator=g) * 1.4)
    pts = torch.stack([rad * a.cos(), rad * a.sin()], -1)
    tilt = torch.rand(n, 1, generator=g) * 0.8
    u = torch.rand(n, m, generator=g) * 2.8 - 1.4
    line = torch.stack([u * tilt.cos(), u * tilt.sin()], -1)
    pts = torch.where((y == 2)[:, None, None], line, pts) + 0.08 * torch.randn(n, m, 2, generator=g)
    size = torch.randint(m // 2, m + 1, (n, 1), generator=g)
    mask = (torch.arange(m)[None] < size).float()
    return pts * 1.4, mask, y


torch.manual_seed(61)
g = torch.Generator().manual_seed(61)
pts, mask, y = sets(2400, 24, g)
vp, vm, vy = sets(500, 24, g)
net = SetNet()
opt = torch.optim.Adam(net.parameters(), lr=6e-3)
for step in range(300):
    idx = torch.randint(0, len(y), (64,), generator=g)
    opt.zero_grad()
    loss = F.cross_entropy(net(pts[idx], mask[idx]), y[idx])
    loss.backward()
    opt.step()
    if (step + 1) % 50 == 0:
        with torch.no_grad():
            acc = (net(vp, vm).argmax(1) == vy).float().mean()
        print(f"step {step + 1}: loss {loss:.4f} val acc {acc:.3f}")
