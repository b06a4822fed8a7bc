import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader, Subset


class ArrowSprites(Dataset):
    """10x10 arrows pointing in one of four directions."""

    base = torch.tensor([
        [0, 0, 1, 1, 0, 0],
        [0, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1, 1],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0, 0]], dtype=torch.float32)

    def __init__(self, n, seed=0):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            k = int(torch.randint(0, 4, (1,), generator=g))
            r, c = torch.randint(0, 5, (2,), generator=g).tolist()
            canvas = 0.25 * torch.randn(1, 10, 10, generator=g)
            canvas[0, r:r + 6, c:c + 6] += torch.rot90(self.base, k)
            self.items.append((canvas, k))

    def __getitem__(self, i):
        return self.items[i]

    def __len__(self):
        return len(self.items)


class DirectionNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        layers, cin = [], 1
        for cout in (width, 2 * width):
            layers += [nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(), nn.MaxPool2d(2)]
            cin = cout
        self.features = nn.Sequential(*layers)
        self.fc = nn.Linear(2 * width * 4, 4)

    def forward(self, x):
        return self.fc(self.features(x).flatten(1))


torch.manual_seed(10)
full = ArrowSprites(800)
train_ds, val_ds = Subset(full, range(641)), Subset(full, range(641, 800))
train_loader = DataLoader(train_ds, batch_size=32, shuffle=True, drop_last=True)
val_loader = DataLoader(val_ds, batch_size=53)

net = DirectionNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(15):
    net.train()
    for x, y in train_loader:
        opt.zero_grad()
        loss = loss_fn(net(x), y)
        loss.backward()
        opt.step()
    net.eval()
    val_loss, correct = 0.0, 0
    with torch.no_grad():
        for x, y in val_loader:
            out = net(x)
            val_loss += loss_fn(out, y).item() / len(val_loader)
            correct += (out.argmax(1) == y).sum().item()
    print("epoch", epoch, "last train loss", round(loss.item(), 4), "val loss", round(val_loss, 4), "val acc", round(correct / len(val_ds), 3))
