"""Which whale? Clips of 0.5 s from a hydrophone archive, kept in one int16 file."""
import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset

RATE, LENGTH, CLIPS = 32_000, 16_000, 4000
BANDS = (900.0, 1800.0, 3600.0)


def write_archive(path, seed=3):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, len(BANDS), CLIPS)
    out = np.memmap(path, dtype=np.int16, mode="w+", shape=(CLIPS, LENGTH))
    noise = (1500 * rng.standard_normal(4 * LENGTH)).astype(np.int16)
    t = np.arange(LENGTH, dtype=np.float32) / RATE
    calls = [[(3000 * np.sin(6.2832 * f * s * t)).astype(np.int16) for s in np.linspace(0.8, 1.2, 16)] for f in BANDS]
    for i, k in enumerate(label):
        lo = rng.integers(0, 3 * LENGTH)
        out[i] = noise[lo:lo + LENGTH] + np.roll(calls[k][rng.integers(16)], rng.integers(LENGTH))
    out.flush()
    return label


class Archive(Dataset):
    def __init__(self, path, label):
        self.label = torch.from_numpy(label)
        self.clips = np.memmap(path, dtype=np.int16, mode="r", shape=(CLIPS, LENGTH)).astype(np.float32)

    def __len__(self):
        return len(self.clips)

    def __getitem__(self, i):
        return torch.from_numpy(self.clips[i] / np.float32(2000.0)).unsqueeze(0), self.label[i]


class ClipNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.front = nn.Conv1d(1, 24, 64, stride=32)
        self.norm = nn.BatchNorm1d(24)
        self.mid = nn.Conv1d(24, 32, 5, stride=2)
        self.fc = nn.Linear(32, len(BANDS))

    def forward(self, x):
        x = torch.relu(self.norm(self.front(x)))
        return self.fc(torch.relu(self.mid(x)).mean(-1))


def main():
    torch.manual_seed(3)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "archive.i16")
        data = Archive(path, write_archive(path))
        train = DataLoader(Subset(data, range(3200)), batch_size=32, shuffle=True)
        valid = DataLoader(Subset(data, range(3200, CLIPS)), batch_size=100)
        net = ClipNet()
        opt = torch.optim.Adam(net.parameters(), lr=2e-3)
        for epoch in range(3):
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
                acc = sum((net(x).argmax(1) == y).sum().item() for x, y in valid) / 800
            print(f"epoch {epoch}: loss {total / len(train):.3f} acc {acc:.3f}")


if __name__ == "__main__":
    main()
