"""Segmentation of bright nuclei, four pictures a batch: group norm instead of batch norm."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def slides(n, seed, size=24):
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(size).float(), torch.arange(size).float(), indexing="ij")
    mask = torch.zeros(n, size, size, dtype=torch.bool)
    for _ in range(5):
        c = 3 + (size - 6) * torch.rand(n, 2, 1, 1, generator=g)
        r = 2.5 + 2.0 * torch.rand(n, 1, 1, generator=g)
        mask |= (yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2 < r ** 2
    tilt = 0.02 * torch.randn(n, 2, 1, 1, generator=g)
    img = 0.9 * mask + tilt[:, 0] * (yy - size / 2) + tilt[:, 1] * (xx - size / 2) + 0.35 * torch.randn(n, size, size, generator=g)
    return ((img - 0.3) / 0.6).unsqueeze(1), mask.float().unsqueeze(1)


def gn_conv(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.GroupNorm(4, b), nn.ReLU())


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = gn_conv(1, 12), gn_conv(12, 24)
        self.mid = gn_conv(24, 24)
        self.up = gn_conv(36, 12)
        self.out = nn.Conv2d(12, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.mid(self.down2(F.max_pool2d(a, 2)))
        b = F.interpolate(b, scale_factor=2, mode="nearest")
        return self.out(self.up(torch.cat([a, b], 1)))


def dice_loss(logit, mask):
    p = logit.sigmoid()
    return 1 - (2 * (p * mask).sum() + 1) / (p.sum() + mask.sum() + 1)


torch.manual_seed(16)
x, m = slides(600, 1)
xv, mv = slides(100, 2)
net = TinyUNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(4):
    net.train()
    run = 0.0
    for idx in torch.randperm(len(x)).split(4):
        logit = net(x[idx])
        loss = F.binary_cross_entropy_with_logits(logit, m[idx]) + 0.5 * dice_loss(logit, m[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        run += loss.item()
    net.eval()
    with torch.no_grad():
        guess = net(xv) > 0
    iou = ((guess & (mv > 0)).sum() / (guess | (mv > 0)).sum()).item()
    print(f"epoch {epoch}: loss {run / 150:.4f} IoU {iou:.3f}")
