"""Industry-style job: classify 1024-sample sensor records stored in one big float32 file."""
import os
import tempfile
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

N, L, C = 40000, 1024, 4


def write_archive(path):
    rng = np.random.default_rng(3)
    labels = rng.integers(0, C, N)
    out = np.memmap(path, dtype=np.float32, mode="w+", shape=(N, L))
    t = np.arange(L, dtype=np.float32) / L
    table = np.stack([np.sin(2 * np.pi * f * t) for f in (8, 13, 21, 34)]).astype(np.float32)
    for s in range(0, N, 2000):
        noise = rng.standard_normal((2000, L), dtype=np.float32)
        out[s:s + 2000] = 0.5 * table[labels[s:s + 2000]] + noise
    out.flush()
    return labels


class Archive(Dataset):
    def __init__(self, path, labels):
        self.records = np.array(np.memmap(path, dtype=np.float32, mode="r", shape=(N, L)))
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.records[i].copy()), int(self.labels[i])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(1, 8, 32, stride=8), nn.ReLU(), nn.Conv1d(8, 16, 8, stride=4), nn.ReLU())
        self.fc = nn.Linear(32, C)

    def forward(self, x):
        h = self.conv(x.unsqueeze(1))
        return self.fc(torch.cat([h.mean(-1), h.amax(-1)], 1))


def main():
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "archive.f32")
        data = Archive(path, write_archive(path))
        train = DataLoader(Subset(data, range(0, 38000)), batch_size=64, shuffle=True)
        val = DataLoader(Subset(data, range(38000, 39000)), batch_size=250)
        model = Net()
        opt = torch.optim.Adam(model.parameters(), lr=3e-3)
        loss_fn = nn.CrossEntropyLoss()
        for step, (x, y) in enumerate(train, start=1):
            model.train()
            opt.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            opt.step()
            if step % 100 == 0:
                model.eval()
                with torch.no_grad():
                    acc = sum((model(xv).argmax(1) == yv).sum().item() for xv, yv in val) / 1000
                print(f"step {step}: loss {loss.item():.4f}, validation accuracy {acc:.3f}")
        del data


if __name__ == "__main__":
    main()
