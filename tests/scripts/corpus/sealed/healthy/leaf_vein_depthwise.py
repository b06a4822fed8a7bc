import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class SepConv(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.depth = nn.Conv2d(cin, cin, 3, stride=stride, padding=1, groups=cin, bias=False)
        self.point = nn.Conv2d(cin, cout, 1, bias=False)
        self.bn = nn.BatchNorm2d(cout)

    def forward(self, x):
        return torch.relu(self.bn(self.point(self.depth(x))))


class Leaves(Dataset):
    """16x16 two-channel patches; class: how two vein lines meet (cross, parallel, T, single)."""
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        r = lambda *s: torch.rand(*s, generator=g)
        self.y = torch.randint(0, 4, (n,), generator=g)
        yy, xx = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="ij")
        th, off = 3.14159 * r(n), 0.3 * (r(n) - 0.5)
        c, s = th.cos()[:, None, None], th.sin()[:, None, None]
        along, across = c * xx + s * yy, -s * xx + c * yy
        line = lambda d: torch.exp(-(d / 0.12) ** 2)
        k = self.y[:, None, None]
        second = torch.where(k == 1, line(across - off[:, None, None] - 0.5), line(along))
        second = torch.where((k == 2) & (across < 0), 0.0, second)
        second = torch.where(k == 3, 0.0, second)
        img = torch.maximum(line(across - off[:, None, None]), second)
        self.x = torch.stack([img, 0.6 * img], 1) * 3 - 0.6 + 0.3 * torch.randn(n, 2, 16, 16, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


torch.manual_seed(9)
train, valid = Leaves(2560, 0), Leaves(600, 1)
loader = DataLoader(train, batch_size=64, shuffle=True, drop_last=True)
net = nn.Sequential(nn.Conv2d(2, 16, 3, padding=1), nn.ReLU(), SepConv(16, 24, 2), SepConv(24, 32), SepConv(32, 32, 2),
                    nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 4))
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, [4, 6], gamma=0.3)
for epoch in range(8):
    net.train()
    tot = 0.0
    for x, y in loader:
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / len(loader)
    sched.step()
    net.eval()
    with torch.no_grad():
        acc = (net(valid.x).argmax(1) == valid.y).float().mean().item()
    print(f"epoch {epoch} loss {tot:.4f} valid acc {acc:.3f}")
