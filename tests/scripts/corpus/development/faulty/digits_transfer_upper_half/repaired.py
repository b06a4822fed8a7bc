"""Transfer: learn digits 0-4, freeze the backbone, then learn 5-9 (scanned with another device) with a new head."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(24)
        self.conv2 = nn.Conv2d(24, 48, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(48)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return F.max_pool2d(x, 2).flatten(1)


class Model(nn.Module):
    def __init__(self, backbone, classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(48 * 4, classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def batches(x, y, size):
    perm = torch.randperm(len(x))
    for i in range(0, len(x) - size + 1, size):
        yield x[perm[i:i + size]], y[perm[i:i + size]]


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(9)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
target = torch.tensor(digits.target)
src = target < 5
xs, ys = images[src], target[src]
xt, yt = images[~src] * 0.8 + 0.3, target[~src] - 5      # the second scanner is brighter, with less contrast
cut = int(0.75 * len(xt))

source = Model(Backbone(), 5)
opt = torch.optim.Adam(source.parameters(), lr=2e-3)
for epoch in range(3):
    source.train()
    for xb, yb in batches(xs, ys, 32):
        opt.zero_grad()
        loss = F.cross_entropy(source(xb), yb)
        loss.backward()
        opt.step()
    print("source epoch", epoch, "loss %.4f" % loss.item(), "acc %.4f" % accuracy(source, xs, ys))

for p in source.backbone.parameters():
    p.requires_grad = False
model = Model(source.backbone, 5)
opt = torch.optim.Adam(model.head.parameters(), lr=3e-3)
for epoch in range(16):
    model.train()
    model.backbone.eval()
    total, n = 0.0, 0
    for xb, yb in batches(xt[:cut], yt[:cut], 32):
        opt.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        opt.step()
        total, n = total + loss.item(), n + 1
    print("target epoch", epoch, "loss %.4f" % (total / n), "test acc %.4f" % accuracy(model, xt[cut:], yt[cut:]))
