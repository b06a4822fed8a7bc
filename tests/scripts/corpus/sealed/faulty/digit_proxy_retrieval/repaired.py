import math

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class Embedder(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(),
        )
        self.out = nn.Linear(32 * 4 * 4, dim)

    def forward(self, x):
        return F.normalize(self.out(self.features(x)), dim=1)


class ProxyLoss(nn.Module):
    """Cosine softmax against one learnable proxy per class."""

    def __init__(self, n_classes, dim, scale=8.0):
        super().__init__()
        self.proxies = nn.Parameter(torch.randn(n_classes, dim))
        self.scale = scale

    def forward(self, z, labels):
        cos = z @ F.normalize(self.proxies, dim=1).t()
        return F.cross_entropy(self.scale * cos, labels)


@torch.no_grad()
def recall_at_1(net, x, y):
    net.eval()
    z = net(x)
    sim = z @ z.t()
    sim.fill_diagonal_(-math.inf)
    return (y[sim.argmax(1)] == y).float().mean().item()


def main():
    torch.manual_seed(11)
    rng = np.random.default_rng(11)
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images / 16.0 - 0.3, dtype=torch.float32).view(-1, 1, 8, 8)
    y = torch.tensor(labels)
    perm = torch.from_numpy(rng.permutation(len(y)))
    tr, te = perm[:1280], perm[1280:]

    net, criterion = Embedder(), ProxyLoss(10, 24)
    loader = DataLoader(TensorDataset(x[tr], y[tr]), batch_size=64, shuffle=True)
    optimizer = torch.optim.Adam([*net.parameters(), *criterion.parameters()], lr=1e-3)
    for epoch in range(15):
        net.train()
        losses = []
        for xb, yb in loader:
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(net(xb), yb)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(epoch, round(float(np.mean(losses)), 4), "R@1", round(recall_at_1(net, x[te], y[te]), 3))


if __name__ == "__main__":
    main()
