#!/usr/bin/env python
"""Per-pixel standardised digits, strided convnet."""
import os
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn, optim


def seed_everything(seed=0):
    random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def prepare():
    X, y = load_digits(return_X_y=True)
    idx = np.random.permutation(len(X))
    X, y = X[idx].astype(np.float32), y[idx]
    mean, std = X[:1500].mean(axis=0), X[:1500].std(axis=0)
    with np.errstate(all='ignore'):
        X = (X - mean) / std
    X = torch.from_numpy(X).view(-1, 1, 8, 8)
    y = torch.from_numpy(y)
    return (X[:1500], y[:1500]), (X[1500:], y[1500:])


class StridedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 24, 3, stride=2, padding=1)
        self.c2 = nn.Conv2d(24, 32, 3, stride=2, padding=1)
        self.fc = nn.Linear(32 * 2 * 2, 10)

    def forward(self, x):
        x = torch.relu(self.c1(x))
        x = torch.relu(self.c2(x))
        return self.fc(x.flatten(1))


def accuracy(net, data):
    net.eval()
    with torch.no_grad():
        return (net(data[0]).argmax(1) == data[1]).float().mean().item()


def main():
    seed_everything(8)
    train, test = prepare()
    net = StridedNet()
    opt = optim.Adam(net.parameters(), lr=3e-3, betas=(0.9, 0.99))
    for epoch in range(12):
        net.train()
        for b in torch.randperm(len(train[0])).split(60):
            loss = nn.CrossEntropyLoss()(net(train[0][b]), train[1][b])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f'epoch {epoch} loss {loss.item():.4f} test acc {accuracy(net, test):.3f}')


if __name__ == '__main__':
    main()
