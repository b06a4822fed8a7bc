import argparse
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_windows(n, length, generator):
    """Five activities, each with its own dominant frequency and envelope."""
    labels = torch.randint(0, 5, (n,), generator=generator)
    t = torch.linspace(0, 1, length)
    freq = torch.tensor([2.0, 4.0, 7.0, 11.0, 16.0])[labels]
    phase = 2 * math.pi * torch.rand(n, generator=generator)
    wave = torch.sin(2 * math.pi * freq[:, None] * t[None] + phase[:, None])
    noise = 0.5 * torch.randn(n, length, generator=generator)
    return (wave + noise).unsqueeze(1), labels


class ActivityNet(nn.Module):
    def __init__(self, n_classes=5):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 7, padding=3)
        self.conv2 = nn.Conv1d(16, 32, 5, padding=2)
        self.pool = nn.MaxPool1d(2)
        self.fc = nn.Linear(32, n_classes)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        return self.fc(x.mean(dim=2))


def evaluate(model, loader):
    model.eval()
    hits = total = 0
    with torch.no_grad():
        for xb, yb in loader:
            hits += (model(xb).argmax(dim=1) == yb).sum().item()
            total += len(yb)
    model.train()
    return hits / total


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch-size", type=int, default=64)
    ap.add_argument("--lr", type=float, default=0.05)
    ap.add_argument("--gamma", type=float, default=0.6)
    ap.add_argument("--seed", type=int, default=11)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    train = TensorDataset(*make_windows(2560, 64, gen))
    valid = TensorDataset(*make_windows(512, 64, gen))
    train_loader = DataLoader(train, batch_size=args.batch_size, shuffle=True)
    valid_loader = DataLoader(valid, batch_size=256)

    model = ActivityNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.5)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=args.gamma)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(args.epochs):
        total = 0.0
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(yb)
        scheduler.step()
        acc = evaluate(model, valid_loader)
        print(f"epoch={epoch} train_loss={total / len(train):.4f} val_acc={acc:.3f}")


if __name__ == "__main__":
    main()
