"""Residual CNN with in-place ReLU and BatchNorm on the digits images."""

import argparse
import random
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


class DigitImages(Dataset):
    def __init__(self, first, last, augment):
        digits = load_digits()
        self.images = (digits.images[first:last] / 16).astype(np.float32)
        self.labels = digits.target[first:last]
        self.augment = augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index]
        if self.augment and index % 2:
            image = np.roll(image, 1, axis=1)
        return image[None].copy(), self.labels[index]


class BasicBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, channels=8):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        )
        self.layers = nn.Sequential(BasicBlock(channels), nn.MaxPool2d(2), BasicBlock(channels))
        self.fc = nn.Linear(channels, 10)

    def forward(self, x):
        x = self.layers(self.stem(x))
        x = F.relu_(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return self.fc(x)


def test(model, loader):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for data, target in loader:
            output = model(data)
            loss += F.cross_entropy(output, target, reduction="sum").item()
            correct += output.argmax(dim=1).eq(target).sum().item()
    return loss / len(loader.dataset), correct


def main(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    random.seed(21)
    np.random.seed(21)
    torch.manual_seed(21)

    train_loader = DataLoader(
        DigitImages(0, 320, augment=True), 32, shuffle=True, num_workers=args.workers
    )
    test_loader = DataLoader(DigitImages(1500, 1620, augment=False), 60, num_workers=args.workers)
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    losses, tests = [], []
    for epoch in range(1, 4):
        model.train()
        for data, target in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(data), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            sys.stdout.write(f"Train epoch {epoch} loss: {loss.item()!r}\n")
        tests.append(test(model, test_loader))
        sys.stdout.write(f"Test epoch {epoch} loss: {tests[-1][0]!r} correct: {tests[-1][1]}\n")

    from _digest import write_digest

    write_digest(
        args.out, models=[model], optimizers=[optimizer], losses=losses, extra={"tests": tests}
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
