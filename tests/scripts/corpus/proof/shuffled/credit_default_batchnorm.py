import argparse
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Credit(Dataset):
    def __init__(self, table, flags):
        self.table, self.flags = table, flags

    def __len__(self):
        return len(self.flags)

    def __getitem__(self, i):
        return {"x": self.table[i], "y": self.flags[i]}


def read(n, seed):
    r = np.random.RandomState(seed)
    table = r.randn(n, 14)
    risk = table[:, 0] * table[:, 1] + np.abs(table[:, 2]) * 1.5 - table[:, 3] + 0.6 * table[:, 4] ** 2 - 1.6
    flags = (risk + 0.5 * r.randn(n) > 0).astype(np.float32)
    ids = r.permutation(n)
    flags = flags[ids]
    return torch.from_numpy(table).float(), torch.from_numpy(flags)


def main(a):
    torch.manual_seed(a.seed)
    x, y = read(4000, a.seed)
    train = DataLoader(Credit(x[:3200], y[:3200]), batch_size=64, shuffle=True, num_workers=2)
    model = nn.Sequential(
        nn.Linear(14, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(),
        nn.Linear(32, 1), nn.Flatten(0),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=a.lr)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(a.epochs):
        model.train()
        s = 0.0
        for batch in train:
            loss = bce(model(batch["x"]), batch["y"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            s += loss.item()
        model.eval()
        with torch.no_grad():
            out = model(x[3200:])
            acc = ((out > 0).float() == y[3200:]).float().mean()
        print(f"epoch {epoch} train {s / len(train):.4f} val {bce(out, y[3200:]):.4f} acc {acc:.3f}")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--lr", type=float, default=8e-3)
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--seed", type=int, default=6)
    main(p.parse_args())
