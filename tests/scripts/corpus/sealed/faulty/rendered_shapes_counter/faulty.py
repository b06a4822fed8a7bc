import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Scenes(Dataset):
    """18x18 scenes with 1..4 non-touching squares; the target is how many there are."""
    def __init__(self, n, seed, size=18):
        rng = np.random.default_rng(seed)
        canvas = np.zeros((1, size, size), dtype=np.float32)
        self.images, self.counts = [], []
        for _ in range(n):
            canvas[:] = rng.normal(-0.3, 0.15, canvas.shape)
            k = int(rng.integers(1, 5))
            for cell in rng.choice(9, size=k, replace=False):
                r, c = (cell // 3) * 6 + rng.integers(0, 3), (cell % 3) * 6 + rng.integers(0, 3)
                canvas[0, r:r + 3, c:c + 3] = rng.uniform(1.2, 2.2)
            self.images.append(torch.from_numpy(canvas))
            self.counts.append(k - 1)

    def __len__(self):
        return len(self.counts)

    def __getitem__(self, i):
        return self.images[i], self.counts[i]


def build():
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3),
                         nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
                         nn.Flatten(), nn.Linear(24 * 9, 48), nn.ReLU(), nn.Linear(48, 4))


def accuracy(net, loader):
    net.eval()
    good = 0
    with torch.no_grad():
        for x, y in loader:
            good += (net(x).argmax(1) == y).sum().item()
    net.train()
    return good / len(loader.dataset)


torch.manual_seed(5)
train = DataLoader(Scenes(2000, 1), batch_size=50, shuffle=True)
valid = DataLoader(Scenes(500, 2), batch_size=250)
net = build()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(9):
    total = 0.0
    for x, y in train:
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() / len(train)
    print(f"epoch {epoch} loss {total:.4f} valid acc {accuracy(net, valid):.3f}")
