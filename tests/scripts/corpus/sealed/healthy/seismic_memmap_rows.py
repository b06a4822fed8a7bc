"""Earthquake or quarry blast: traces stay in a float16 file, one row is read for each item."""
import os
import shutil
import tempfile

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

N, LENGTH = 3000, 12_000


class Traces(Dataset):
    def __init__(self, path, labels, rows):
        self.map = np.memmap(path, dtype=np.float16, mode="r", shape=(N, LENGTH))
        self.labels, self.rows = labels, rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        return torch.from_numpy(self.map[row].astype(np.float32))[None], torch.tensor(self.labels[row])


def write(path):
    rng = np.random.default_rng(15)
    labels = rng.integers(0, 2, N).astype(np.float32)
    out = np.memmap(path, dtype=np.float16, mode="w+", shape=(N, LENGTH))
    t = np.arange(LENGTH, dtype=np.float32) / LENGTH
    noise = rng.standard_normal(3 * LENGTH).astype(np.float32)
    carrier = [np.sin(2 * np.pi * f * t) for f in (300, 350, 400, 450)]
    for i in range(N):
        onset = rng.uniform(0.1, 0.4)
        decay = rng.uniform(0.07, 0.13) if labels[i] else rng.uniform(0.17, 0.3)
        shape = np.exp(-np.clip(t - onset, 0, None) / decay) * (t > onset)
        lo = rng.integers(0, 2 * LENGTH)
        out[i] = 2.0 * shape * carrier[rng.integers(4)] + 0.4 * noise[lo:lo + LENGTH]
    out.flush()
    return labels


class TraceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 16, 50, stride=25)
        self.conv2 = nn.Conv1d(16, 24, 9, stride=4)
        self.conv3 = nn.Conv1d(24, 24, 9, stride=4)
        self.fc = nn.Linear(24 * 28, 1)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        x = torch.relu(self.conv2(x))
        x = torch.relu(self.conv3(x))
        return self.fc(x.flatten(1)).squeeze(1)


folder = tempfile.mkdtemp()
try:
    torch.manual_seed(15)
    path = os.path.join(folder, "traces.f16")
    labels = write(path)
    train = DataLoader(Traces(path, labels, range(2400)), batch_size=40, shuffle=True)
    valid = DataLoader(Traces(path, labels, range(2400, N)), batch_size=100)
    net = TraceNet()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(5):
        net.train()
        tot = 0.0
        for x, y in train:
            opt.zero_grad()
            loss = bce(net(x), y)
            loss.backward()
            opt.step()
            tot += loss.item()
        net.eval()
        with torch.no_grad():
            pairs = [(net(x), y) for x, y in valid]
        val = sum(bce(o, y).item() for o, y in pairs) / len(pairs)
        acc = sum(((o > 0) == (y > 0.5)).sum().item() for o, y in pairs) / 600
        print(f"epoch {epoch}: train {tot / len(train):.3f} val {val:.3f} acc {acc:.3f}")
finally:
    shutil.rmtree(folder)
