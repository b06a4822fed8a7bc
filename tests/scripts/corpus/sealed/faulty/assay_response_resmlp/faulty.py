from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Settings:
    batch_size: int = 3
    lr: float = 1e-3
    epochs: int = 14
    width: int = 48
    n_train: int = 960
    n_val: int = 480


class ResBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.lin1, self.bn1 = nn.Linear(d, d), nn.BatchNorm1d(d)
        self.lin2, self.bn2 = nn.Linear(d, d), nn.BatchNorm1d(d)

    def forward(self, h):
        r = torch.relu(self.bn1(self.lin1(h)))
        return torch.relu(h + self.bn2(self.lin2(r)))


class AssayNet(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(10, s.width), nn.BatchNorm1d(s.width), nn.ReLU())
        self.block = ResBlock(s.width)
        self.out = nn.Linear(s.width, 1)

    def forward(self, x):
        return self.out(self.block(self.stem(x))).squeeze(-1)


def dose_response(n, g):
    x = torch.randn(n, 10, generator=g)
    dose = x[:, 0] - 0.8 * x[:, 1]
    y = torch.sigmoid(3 * dose) * (1.5 + x[:, 2]) + 0.4 * x[:, 3] * x[:, 4]
    return x, (y - 0.75) / 0.95 + 0.15 * torch.randn(n, generator=g)


def main(s=Settings()):
    torch.manual_seed(23)
    g = torch.Generator().manual_seed(23)
    train = DataLoader(TensorDataset(*dose_response(s.n_train, g)), s.batch_size, shuffle=True)
    xv, yv = dose_response(s.n_val, g)
    net = AssayNet(s)
    opt = torch.optim.AdamW(net.parameters(), lr=s.lr, weight_decay=1e-2)
    for epoch in range(s.epochs):
        net.train()
        total = 0.0
        for x, y in train:
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(x), y)
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
        net.eval()
        with torch.no_grad():
            val = nn.functional.mse_loss(net(xv), yv).item()
        print(f"{epoch:2d} train {total / s.n_train:.4f} val {val:.4f} (variance {yv.var().item():.3f})")


main()
