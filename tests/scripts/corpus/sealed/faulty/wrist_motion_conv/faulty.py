"""Which gesture? Three-axis accelerometer, 64 samples, straight from the logger (int16, 4096 counts per g)."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

COUNTS_PER_G = 4096
GESTURES = ["still", "wave", "tap", "circle"]


def record(rng, label):
    t = np.arange(64) / 32.0
    phase, f = rng.uniform(0, 2 * np.pi), rng.uniform(1.2, 2.4)
    sig = rng.standard_normal((3, 64)) * 0.25
    sig += np.array([0.2, 0.1, 1.0])[:, None] + 0.2 * rng.standard_normal((3, 1))
    if label == 1:
        sig[0] += np.sin(2 * np.pi * f * t + phase)
    elif label == 2:
        at = rng.integers(8, 50)
        sig[2, at:at + 6] += rng.choice([-1.5, 1.5]) * np.hanning(6)
    elif label == 3:
        sig[0] += 0.7 * np.sin(2 * np.pi * f * t + phase)
        sig[1] += 0.7 * np.cos(2 * np.pi * f * t + phase)
    return np.clip(sig * COUNTS_PER_G, -32768, 32767).astype(np.int16)


class MotionLog(Dataset):
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, len(GESTURES), n)
        self.counts = np.stack([record(rng, l) for l in self.labels])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        x = torch.from_numpy(self.counts[i].astype(np.float32))
        return x, int(self.labels[i])


class MotionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 24, 7, padding=3)
        self.conv2 = nn.Conv1d(24, 32, 5, stride=2, padding=2)
        self.conv3 = nn.Conv1d(32, 32, 5, stride=2, padding=2)
        self.fc = nn.Linear(64, len(GESTURES))

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = torch.relu(self.conv2(x))
        x = torch.relu(self.conv3(x))
        return self.fc(torch.cat([x.mean(-1), x.amax(-1)], dim=1))


torch.manual_seed(2)
train = DataLoader(MotionLog(1600, 0), batch_size=40, shuffle=True)
valid = DataLoader(MotionLog(400, 1), batch_size=200)
net = MotionNet()
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
for epoch in range(10):
    net.train()
    tot = 0
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        hits = sum((net(x).argmax(1) == y).sum().item() for x, y in valid)
    print(epoch, f"train {tot / len(train):.3f}", f"valid acc {hits / 400:.3f}")
