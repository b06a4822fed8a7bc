import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class Trunk(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())


class TransferNet(nn.Module):
    def __init__(self, trunk, n_out):
        super().__init__()
        self.trunk, self.head = trunk, nn.Linear(128, n_out)

    def freeze_trunk(self):
        self.trunk.requires_grad_(False)
        self.frozen = True
        return self

    def train(self, mode=True):
        super().train(mode)
        if getattr(self, "frozen", False):
            self.trunk.eval()
        return self

    def forward(self, x):
        return self.head(self.trunk(x))


def stripes(n, angles):
    y = torch.randint(0, len(angles), (n,))
    a = torch.tensor(angles)[y] + 0.08 * torch.randn(n)
    yy, xx = torch.meshgrid(torch.arange(12.), torch.arange(12.), indexing="ij")
    ph = 6.28 * torch.rand(n, 1, 1)
    im = torch.sin(1.1 * (xx * a.cos()[:, None, None] + yy * a.sin()[:, None, None]) + ph)
    return (im + 0.5 * torch.randn(n, 12, 12)).unsqueeze(1), y


def fit(model, params, data, epochs, lr):
    opt = torch.optim.AdamW(params, lr=lr)
    x, y = data
    for ep in range(epochs):
        model.train()
        tot, k = 0.0, 0
        for idx in torch.randperm(len(x)).split(40):
            opt.zero_grad()
            loss = F.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
            tot, k = tot + loss.item(), k + 1
        print(f"  epoch {ep} loss {tot / k:.4f}")


def score(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(7)
base_angles = [k * math.pi / 6 for k in range(6)]
new_angles = [k * math.pi / 4 + 0.2 for k in range(4)]
net = TransferNet(Trunk(), 6)
print("source task")
fit(net, net.parameters(), stripes(1600, base_angles), 2, 2e-3)
net2 = TransferNet(net.trunk, 4).freeze_trunk()
print("target task, head only")
fit(net2, net2.head.parameters(), stripes(1200, new_angles), 9, 4e-3)
print("target accuracy", score(net2, *stripes(400, new_angles)))
