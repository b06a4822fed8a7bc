import random
from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import load_digits


@dataclass
class Config:
    emb: int = 16
    margin: float = 1.5
    lr: float = 1e-3
    pairs: int = 96
    steps: int = 400
    seed: int = 21


class PairSampler:
    def __init__(self, images, labels, rng):
        self.images = images
        self.rng = rng
        self.by_class = {c: [i for i, t in enumerate(labels.tolist()) if t == c] for c in range(10)}

    def sample(self, n):
        left, right, same = [], [], []
        for k in range(n):
            a = self.rng.randrange(10)
            if k % 2 == 0:
                b = a
            else:
                b = (a + self.rng.randrange(1, 10)) % 10
            left.append(self.rng.choice(self.by_class[a]))
            right.append(self.rng.choice(self.by_class[b]))
            same.append(float(a == b))
        return self.images[left], self.images[right], torch.tensor(same)


class Embedder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, dim))

    def forward(self, x):
        return self.body(x)


def euclidean(u, v):
    return torch.sqrt(((u - v) ** 2).sum(dim=1))


def contrastive(dist, same, margin):
    pull = same * dist**2
    push = (1 - same) * torch.clamp(margin - dist, min=0) ** 2
    return (pull + push).mean()


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    data = load_digits()
    images = torch.tensor(data.data, dtype=torch.float32) / 16.0
    sampler = PairSampler(images, torch.tensor(data.target), random.Random(cfg.seed))
    net = Embedder(cfg.emb)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    for step in range(1, cfg.steps + 1):
        a, b, same = sampler.sample(cfg.pairs)
        dist = euclidean(net(a), net(b))
        loss = contrastive(dist, same, cfg.margin)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            hit = ((dist < cfg.margin / 2).float() == same).float().mean()
            print(f"[{step}/{cfg.steps}] loss={loss.item():.4f} pair_acc={hit:.3f}")


if __name__ == "__main__":
    main()
