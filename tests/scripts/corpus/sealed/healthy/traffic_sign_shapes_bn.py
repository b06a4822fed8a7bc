import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Signs(Dataset):
    """16x16 colour pictures of a disc, a square, a triangle or a ring on a noisy background."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.label = torch.randint(4, (n,), generator=g)
        yy, xx = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
        self.img = torch.empty(n, 3, 16, 16)
        for i in range(n):
            cy, cx = (6 + 4 * torch.rand(2, generator=g)).tolist()
            r = 3.0 + 2.0 * torch.rand(1, generator=g).item()
            d = ((yy - cy) ** 2 + (xx - cx) ** 2).sqrt()
            k = self.label[i].item()
            mask = [d < r, ((yy - cy).abs() < r * 0.85) & ((xx - cx).abs() < r * 0.85),
                    (yy - cy < r * 0.7) & (yy - cy > 2 * (xx - cx).abs() - r), (d < r) & (d > r - 1.6)][k]
            colour = 0.5 + torch.rand(3, 1, 1, generator=g)
            self.img[i] = colour * mask + 0.25 * torch.randn(3, 16, 16, generator=g)
        self.img = (self.img - 0.25) / 0.5

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        x = self.img[i]
        return x, self.label[i]


class SignNet(nn.Module):
    def __init__(self):
        super().__init__()

        def unit(a, b, s):
            return nn.Sequential(nn.Conv2d(a, b, 3, s, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
        self.trunk = nn.Sequential(unit(3, 16, 1), unit(16, 24, 2), unit(24, 32, 1), unit(32, 32, 2))
        self.fc = nn.Linear(32 * 16, 4)

    def forward(self, x):
        return self.fc(self.trunk(x).flatten(1))


def main():
    torch.manual_seed(0)
    train = DataLoader(Signs(3200, 0), batch_size=64, shuffle=True, drop_last=True)
    valid = DataLoader(Signs(600, 1), batch_size=200)
    net = SignNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-3)
    for epoch in range(6):
        net.train()
        total = 0.0
        for x, y in train:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            opt.step()
            total += loss.item()
        net.eval()
        with torch.no_grad():
            out = [(net(x), y) for x, y in valid]
        val = sum(nn.functional.cross_entropy(o, y).item() for o, y in out) / len(out)
        acc = sum((o.argmax(1) == y).sum().item() for o, y in out) / 600
        print(f"epoch {epoch}: train {total / len(train):.3f} val {val:.3f} acc {acc:.3f}")


main()
