import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(918)
S = 16


def scenes(n):
    img = 0.5 * torch.randn(n, 1, S, S)
    mask = torch.zeros(n, 1, S, S)
    for i in range(n):
        for _ in range(int(torch.randint(1, 3, ()))):
            r, c = torch.randint(0, S - 6, (2,)).tolist()
            w = int(torch.randint(4, 7, ()))
            mask[i, 0, r:r + w, c:c + w] = 1
    return img + 1.2 * mask - 0.3, mask


def block(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU())


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = block(1, 8), block(8, 16)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.last = block(16, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        return self.out(self.last(torch.cat([a, self.up(b)], 1)))


def seg_loss(logits, mask):
    p = torch.sigmoid(logits)
    bce = (F.softplus(logits) - logits * mask).mean()
    dice = 1 - (2 * (p * mask).sum() + 1) / (p.sum() + mask.sum() + 1)
    return bce + dice


x, m = scenes(900)
xv, mv = scenes(150)
net = TinyUNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(6):
    net.train()
    tot = 0.0
    for b in torch.randperm(len(x)).split(25):
        opt.zero_grad()
        loss = seg_loss(net(x[b]), m[b])
        loss.backward()
        opt.step()
        tot += loss.item() / 36
    net.eval()
    with torch.no_grad():
        p = net(xv) > 0
        iou = ((p & (mv > 0.5)).sum() / (p | (mv > 0.5)).sum()).item()
    print(f"epoch {epoch} loss {tot:.4f} val IoU {iou:.3f}")
