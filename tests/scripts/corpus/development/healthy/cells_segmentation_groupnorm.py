import torch
import torch.nn as nn
import torch.nn.functional as F


def cells(n, g):
    yy, xx = torch.meshgrid(torch.arange(20.), torch.arange(20.), indexing="ij")
    mask = torch.zeros(n, 20, 20)
    for i in range(n):
        for _ in range(int(torch.randint(2, 5, (1,), generator=g))):
            r, c = (torch.rand(2, generator=g) * 14 + 3).tolist()
            rad = 2.5 + 1.5 * torch.rand(1, generator=g).item()
            mask[i][(yy - r) ** 2 + (xx - c) ** 2 < rad ** 2] = 1
    image = F.avg_pool2d(mask[:, None], 3, 1, 1) * 1.5 - 0.5 + 0.6 * torch.randn(n, 1, 20, 20, generator=g)
    return image, mask[:, None]


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(4, o), nn.ReLU())


class MiniUNet(nn.Module):
    def __init__(self, c=12):
        super().__init__()
        self.a, self.b, self.c = block(1, c), block(c, 2 * c), block(3 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        top = self.a(x)
        low = self.b(F.max_pool2d(top, 2))
        up = F.interpolate(low, scale_factor=2, mode="nearest")
        return self.out(self.c(torch.cat([top, up], 1)))


def dice(logit, m):
    p = (logit > 0).float()
    return (2 * (p * m).sum() / (p.sum() + m.sum() + 1e-6)).item()


torch.manual_seed(17)
g = torch.Generator().manual_seed(17)
x, m = cells(600, g)
xv, mv = cells(100, g)
net = MiniUNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.7)
for epoch in range(3):
    net.train()
    run = 0.0
    for k, idx in enumerate(torch.randperm(600).split(4)):
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(x[idx]), m[idx])
        loss.backward()
        opt.step()
        run += loss.item()
        if k % 50 == 49:
            print(f"epoch {epoch} batch {k + 1} loss {run / 50:.4f}")
            run = 0.0
    sched.step()
    net.eval()
    with torch.no_grad():
        print("validation dice", round(dice(net(xv), mv), 4))
