import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Branch(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.norm = nn.GroupNorm(4, ch)
        self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
        self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x):
        h = torch.relu(self.norm(x))
        return x + self.conv2(torch.relu(self.conv1(h)))


class SmallResNet(nn.Module):
    def __init__(self, ch=16, blocks=3, classes=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, ch, 3, stride=2, padding=1), nn.ReLU())
        self.blocks = nn.Sequential(*[Branch(ch) for _ in range(blocks)])
        self.head = nn.Linear(ch, classes)

    def forward(self, x):
        return self.head(torch.relu(self.blocks(self.stem(x))).mean((2, 3)))


def knots(n, g):
    """14x14 images: two dots at a short/long distance, with equal/opposite sign -> four classes."""
    k = torch.randint(0, 4, (n,), generator=g)
    far, opposite = (k % 2).float(), k // 2
    ang = 6.28 * torch.rand(n, generator=g)
    dist = 1.7 + 1.8 * far
    yy, xx = torch.meshgrid(torch.arange(14.0), torch.arange(14.0), indexing="ij")
    img = torch.zeros(n, 14, 14)
    for s in (-1, 1):
        cy, cx = 6.5 + s * dist * ang.sin(), 6.5 + s * dist * ang.cos()
        sign = torch.where((opposite == 1) & torch.tensor(s == 1), -1.0, 1.0)
        img += sign[:, None, None] * 3 * torch.exp(-((yy - cy[:, None, None]) ** 2 + (xx - cx[:, None, None]) ** 2) / 2)
    return (img + 0.3 * torch.randn(img.shape, generator=g)).unsqueeze(1), k


torch.manual_seed(12)
g = torch.Generator().manual_seed(12)
train = DataLoader(TensorDataset(*knots(2560, g)), batch_size=64, shuffle=True)
vx, vy = knots(512, g)
net = SmallResNet()
opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-3)
for epoch in range(7):
    net.train()
    tot = 0.0
    for x, y in train:
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / len(train)
    net.eval()
    with torch.no_grad():
        print(f"epoch {epoch} loss {tot:.3f} valid acc {(net(vx).argmax(1) == vy).float().mean():.3f}")
