import math
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def textures(n, g):
    """16x16 patches: stripes of four orientations plus noise."""
    k = torch.randint(0, 4, (n,), generator=g)
    theta = k * math.pi / 4 + 0.12 * torch.randn(n, generator=g)
    yy, xx = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    freq = 0.9 + 0.5 * torch.rand(n, generator=g)
    ph = 6.28 * torch.rand(n, generator=g)
    wave = torch.sin(freq[:, None, None] * (theta.cos()[:, None, None] * xx + theta.sin()[:, None, None] * yy) + ph[:, None, None])
    return (wave + 0.7 * torch.randn(n, 16, 16, generator=g)).unsqueeze(1), k


class TextureNet(nn.Module):
    def __init__(self, ch=24):
        super().__init__()
        self.c1 = nn.Conv2d(1, ch, 3, padding=1)
        self.c2 = nn.Conv2d(ch, ch, 3, padding=1, stride=2)
        self.c3 = nn.Conv2d(ch, ch, 3, padding=1)
        self.c4 = nn.Conv2d(ch, ch, 3, padding=1, stride=2)
        self.c5 = nn.Conv2d(ch, ch, 3, padding=1)
        self.fc = nn.Linear(ch, 4)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                k = m.kernel_size[0]
                n = k * k
                m.weight.data.normal_(0, math.sqrt(2.0 / n))
                m.bias.data.zero_()

    def forward(self, x):
        for conv in (self.c1, self.c2, self.c3, self.c4, self.c5):
            x = torch.relu(conv(x))
        return self.fc(x.mean(dim=(2, 3)))


torch.manual_seed(13)
g = torch.Generator().manual_seed(13)
train = DataLoader(TensorDataset(*textures(2560, g)), batch_size=64, shuffle=True)
vx, vy = textures(600, g)
net = TextureNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
crit = nn.CrossEntropyLoss()
for epoch in range(8):
    net.train()
    tot = 0.0
    for i, (xb, yb) in enumerate(train):
        loss = crit(net(xb), yb)
        if epoch == 0 and i == 0:
            print("first loss", round(loss.item(), 3))
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        print(f"epoch {epoch} loss {tot / len(train):.3f} valid {(net(vx).argmax(1) == vy).float().mean():.3f}")
