import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

# Machine condition monitoring demo: 5 conditions, each with its own pair of resonances.
RNG = np.random.default_rng(5)
RES = [(6, 20), (6, 31), (11, 20), (11, 31), (16, 40)]


class Vibrations(Dataset):
    def __init__(self, n):
        t = np.arange(128) / 128
        self.y = RNG.integers(0, 5, n)
        self.x = np.zeros((n, 128), np.float32)
        for i, c in enumerate(self.y):
            for f in RES[c]:
                f = f + RNG.normal(0, 0.6)
                self.x[i] += RNG.uniform(0.5, 1.0) * np.sin(2 * np.pi * (f * t + RNG.uniform()))
            self.x[i] += RNG.normal(0, 0.8, 128)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i])[None], int(self.y[i])


class SpectrumNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.filters = nn.Sequential(nn.Conv1d(1, 8, 9, padding=4), nn.Tanh())
        self.head = nn.Sequential(nn.Linear(8 * 65, 64), nn.GELU(), nn.Linear(64, 5))

    def forward(self, x):
        h = self.filters(x)
        mag = torch.fft.rfft(h, dim=-1).abs()
        return self.head(torch.log1p(mag).flatten(1) - 1.2)


torch.manual_seed(0)
train, valid = Vibrations(2400), Vibrations(600)
train_dl = DataLoader(train, batch_size=48, shuffle=True)
valid_dl = DataLoader(valid, batch_size=200)
net = SpectrumNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-4)
ce = nn.CrossEntropyLoss()

for epoch in range(6):
    net.train()
    s = 0
    for xb, yb in train_dl:
        opt.zero_grad()
        l = ce(net(xb), yb)
        l.backward()
        opt.step()
        s += l.item() * len(yb)
    net.eval()
    with torch.no_grad():
        hits = sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in valid_dl)
    print("epoch", epoch, "train", s / len(train), "valid acc", hits / len(valid))
