"""Proxy-based metric learning on 8x8 digits; evaluated by nearest-centroid retrieval."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    dim: int = 16
    scale: float = 8.0
    lr: float = 2e-3
    epochs: int = 9
    batch: int = 32
    seed: int = 11


class ProxyLoss(nn.Module):
    def __init__(self, classes, dim, scale):
        super().__init__()
        self.proxies = nn.Parameter(torch.randn(classes, dim))
        self.scale = scale

    def forward(self, emb, target):
        sim = F.normalize(emb, dim=1) @ F.normalize(self.proxies, dim=1).T
        return F.cross_entropy(self.scale * sim, target)


class Embedder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(32 * 4, dim)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


def retrieval_accuracy(net, xs, ys, xq, yq):
    net.eval()
    with torch.no_grad():
        es, eq = F.normalize(net(xs), dim=1), F.normalize(net(xq), dim=1)
        centroids = torch.stack([es[ys == c].mean(0) for c in range(10)])
        return (torch.cdist(eq, centroids).argmin(1) == yq).float().mean().item()


def main(cfg=Config()):
    torch.manual_seed(cfg.seed)
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 8.0 - 1.0
    y = torch.tensor(y)
    tr, te = train_test_split(range(len(y)), test_size=0.2, random_state=0, stratify=y)
    loader = DataLoader(TensorDataset(X[tr], y[tr]), cfg.batch, shuffle=True)
    net = Embedder(cfg.dim)
    criterion = ProxyLoss(10, cfg.dim, cfg.scale)
    opt = torch.optim.Adam([*net.parameters(), *criterion.parameters()], lr=cfg.lr)
    for ep in range(cfg.epochs):
        net.train()
        tot = 0.0
        for xb, yb in loader:
            loss = criterion(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        print(ep, round(tot / len(loader), 4), round(retrieval_accuracy(net, X[tr], y[tr], X[te], y[te]), 4))


if __name__ == "__main__":
    main()
