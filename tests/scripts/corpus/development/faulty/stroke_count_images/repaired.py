# Count vertical bars (1-4) in small synthetic images.
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(10)


class Bars(Dataset):
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.img = np.zeros((n, 10, 12), dtype=np.float32)
        self.count = rng.integers(1, 5, n)
        for i in range(n):
            cols = rng.choice(6, self.count[i], replace=False) * 2
            top = rng.integers(0, 3)
            self.img[i, top:top + 7, cols] = 0.8
        self.img += 0.1 * rng.random(self.img.shape, dtype=np.float32)

    def __len__(self):
        return len(self.img)

    def __getitem__(self, i):
        return torch.from_numpy(self.img[i]).flatten(), int(self.count[i]) - 1


class Counter(nn.Module):
    BIAS = 0.01

    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(120, 100)
        self.l2 = nn.Linear(100, 50)
        self.l3 = nn.Linear(50, 4)
        nn.init.constant_(self.l1.bias, self.BIAS)
        nn.init.constant_(self.l2.bias, 0.01)

    def forward(self, x):
        x = torch.relu(self.l1(x))
        x = torch.relu(self.l2(x))
        return self.l3(x)


train = DataLoader(Bars(4000, 0), batch_size=64, shuffle=True)
test = DataLoader(Bars(500, 1), batch_size=500)
net = Counter()
crit = nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for ep in range(6):
    net.train()
    s = 0
    for x, y in train:
        opt.zero_grad()
        loss = crit(net(x), y)
        loss.backward()
        opt.step()
        s += loss.item()
    net.eval()
    with torch.no_grad():
        x, y = next(iter(test))
        acc = (net(x).argmax(1) == y).float().mean().item()
    print(f'epoch {ep} loss {s / len(train):.3f} test acc {acc:.3f}')
