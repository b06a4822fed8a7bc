import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import Dataset, DataLoader


class DigitFolder(Dataset):
    def __init__(self, split):
        d = load_digits()
        pick = np.arange(len(d.target)) % 5
        rows = np.flatnonzero(pick == 0 if split == "val" else pick != 0)
        rows = np.concatenate([rows[d.target[rows] == c] for c in range(10)])
        self.images = (d.images[rows] / 16.0 - 0.3).astype(np.float32)
        self.target = d.target[rows]

    def __len__(self):
        return len(self.target)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i])[None], int(self.target[i])


def main():
    torch.manual_seed(1234)
    train = DataLoader(DigitFolder("train"), batch_size=36, shuffle=True)
    val = DataLoader(DigitFolder("val"), batch_size=120)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10),
    )
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(7):
        net.train()
        total = 0.0
        for x, y in train:
            loss = loss_fn(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() / len(train)
        net.eval()
        correct = 0
        with torch.no_grad():
            for x, y in val:
                correct += (net(x).argmax(1) == y).sum().item()
        print(f"epoch {epoch} train loss {total:.4f} val acc {correct / len(val.dataset):.4f}")


if __name__ == "__main__":
    main()
