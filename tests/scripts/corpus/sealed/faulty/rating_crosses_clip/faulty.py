from dataclasses import dataclass
import torch
from torch import nn


@dataclass
class Cfg:
    users: int = 80
    items: int = 60
    dim: int = 12
    lr: float = 0.3
    momentum: float = 0.9
    weight_decay: float = 1e-4
    max_norm: float = 5.0
    batch: int = 200
    epochs: int = 15


class RatingNet(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.user, self.item = nn.Embedding(c.users, c.dim), nn.Embedding(c.items, c.dim)
        nn.init.normal_(self.user.weight, std=0.3)
        nn.init.normal_(self.item.weight, std=0.3)
        self.mlp = nn.Sequential(nn.Linear(3 * c.dim, 48), nn.SiLU(), nn.Linear(48, 1))

    def forward(self, u, i):
        a, b = self.user(u), self.item(i)
        return self.mlp(torch.cat([a, b, a * b], dim=1)).squeeze(1)


def ratings(c, n, g):
    pu, qi = torch.randn(c.users, 3, generator=g), torch.randn(c.items, 3, generator=g)
    bu, bi = torch.randn(c.users, generator=g), torch.randn(c.items, generator=g)
    u, i = torch.randint(0, c.users, (n,), generator=g), torch.randint(0, c.items, (n,), generator=g)
    liked = 0.6 * (pu[u] * qi[i]).sum(1) + bu[u] + bi[i] + 0.2 * torch.randn(n, generator=g)
    return u, i, (liked > 0).float()


def main(c=Cfg()):
    torch.manual_seed(10)
    u, i, y = ratings(c, 12000, torch.Generator().manual_seed(10))
    tr, va = slice(0, 10000), slice(10000, None)
    net = RatingNet(c)
    opt = torch.optim.SGD(net.parameters(), lr=c.lr, momentum=c.momentum, weight_decay=c.weight_decay)
    bce = nn.BCEWithLogitsLoss()
    for ep in range(c.epochs):
        run = 0.0
        for idx in torch.randperm(10000).split(c.batch):
            opt.zero_grad()
            loss = bce(net(u[idx], i[idx]), y[idx])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), c.weight_decay)
            opt.step()
            run += loss.item() / 50
        with torch.no_grad():
            out = net(u[va], i[va])
            print(f"{ep} train {run:.4f} valid {bce(out, y[va]):.4f} acc {((out > 0) == (y[va] > 0.5)).float().mean():.3f}")


main()
