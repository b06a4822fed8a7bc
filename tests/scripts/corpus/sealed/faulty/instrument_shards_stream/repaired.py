"""Timbre classification; the recordings lie in one shard per instrument and are streamed."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, IterableDataset

N_INSTRUMENTS, LENGTH = 6, 96


def make_shard(kind, n, seed):
    rng = np.random.default_rng(1000 * seed + kind)
    profile = np.random.default_rng(kind).uniform(0.1, 1.0, 4)
    t = np.arange(LENGTH) / LENGTH
    f0 = rng.uniform(4, 7, (n, 1))
    wave = sum(a * np.sin(2 * np.pi * (k + 1) * f0 * t + rng.uniform(0, 6.3, (n, 1))) for k, a in enumerate(profile))
    wave = wave / np.sqrt((profile ** 2).sum() / 2) + 0.25 * rng.standard_normal((n, LENGTH))
    return wave.astype(np.float32)


class ShardStream(IterableDataset):
    def __init__(self, shards, seed=0):
        self.shards = shards
        self.rng = np.random.default_rng(seed)

    def records(self):
        for label, shard in enumerate(self.shards):
            for row in self.rng.permutation(len(shard)):
                yield label, row

    def __iter__(self):
        records = self.rng.permutation(list(self.records()))
        for label, row in records:
            yield torch.from_numpy(self.shards[label][row]).unsqueeze(0), int(label)


class TimbreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(1, 24, 9, padding=4), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(24, 32, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(32, 48, 5, padding=2), nn.ReLU(),
        )
        self.head = nn.Linear(48, N_INSTRUMENTS)

    def forward(self, x):
        return self.head(self.body(x).amax(-1))


def accuracy(net, shards):
    net.eval()
    good = total = 0
    with torch.no_grad():
        for label, shard in enumerate(shards):
            pred = net(torch.from_numpy(shard).unsqueeze(1)).argmax(1)
            good += (pred == label).sum().item()
            total += len(shard)
    return good / total


torch.manual_seed(0)
train_shards = [make_shard(k, 320, 1) for k in range(N_INSTRUMENTS)]
test_shards = [make_shard(k, 60, 2) for k in range(N_INSTRUMENTS)]
loader = DataLoader(ShardStream(train_shards), batch_size=32)
net = TimbreNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(7):
    net.train()
    losses = []
    for wave, label in loader:
        loss = nn.functional.cross_entropy(net(wave), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: loss {np.mean(losses):.3f}, test accuracy {accuracy(net, test_shards):.3f}")
