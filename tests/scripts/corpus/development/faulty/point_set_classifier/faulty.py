# Classify point clouds (ring / blob / line / two blobs) with a permutation invariant network.
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

g = torch.Generator().manual_seed(0)
torch.manual_seed(0)


def sample_cloud(kind, n=24):
    if kind == 0:
        t = torch.rand(n, generator=g) * 2 * math.pi
        p = torch.stack([t.cos(), t.sin()], 1)
    elif kind == 1:
        p = 0.5 * torch.randn(n, 2, generator=g)
    elif kind == 2:
        a = torch.rand(1, generator=g) * math.pi
        s = torch.rand(n, 1, generator=g) * 2 - 1
        p = s * torch.cat([a.cos(), a.sin()])
    else:
        c = torch.randint(0, 2, (n, 1), generator=g) * 1.6 - 0.8
        p = torch.cat([c, c], 1) * 0.7 + 0.15 * torch.randn(n, 2, generator=g)
    return p + 0.1 * torch.randn(n, 2, generator=g)


labels = torch.arange(1600) % 4
labels = labels[torch.randperm(1600)]
clouds = torch.stack([sample_cloud(int(k)) for k in labels])
train_x, train_y, test_x, test_y = clouds[:1280], labels[:1280], clouds[1280:], labels[1280:]


class DeepSet(nn.Module):
    def __init__(self, width=64, classes=4):
        super().__init__()
        self.phi1 = nn.Linear(2, width)
        self.phi2 = nn.Linear(width, width)
        self.rho1 = nn.Linear(2 * width, width)
        self.rho2 = nn.Linear(width, classes)

    def forward(self, pts):
        h = F.relu(self.phi1(pts))
        h = F.relu(self.phi2(h))
        h = torch.cat([h.mean(1), h.amax(1)], dim=1)
        h = F.relu(self.rho1(h))
        return F.relu(self.rho2(h))


net = DeepSet()
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
for epoch in range(10):
    net.train()
    for idx in torch.randperm(len(train_x)).split(40):
        loss = F.cross_entropy(net(train_x[idx]), train_y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        logits = net(test_x)
        print(epoch, 'train loss', round(loss.item(), 4), 'test acc', (logits.argmax(1) == test_y).float().mean().item())
