"""Response prediction from a small gene panel (synthetic cohort)."""
from dataclasses import dataclass
import torch
import torch.nn as nn


@dataclass
class Settings:
    patients: int = 160
    genes: int = 60
    hidden: int = 512
    batch: int = 32
    steps: int = 450
    lr: float = 5e-4


def cohort(n, genes, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, genes, generator=g)
    score = x[:, 0] + x[:, 1] - x[:, 2] + 0.8 * x[:, 3] * x[:, 4]
    y = (score + 0.7 * torch.randn(n, generator=g) > 0).long()
    return x, y


def main(s: Settings):
    torch.manual_seed(2)
    x, y = cohort(s.patients, s.genes, 1)
    xv, yv = cohort(1000, s.genes, 2)
    net = nn.Sequential(
        nn.Linear(s.genes, s.hidden), nn.ReLU(),
        nn.Linear(s.hidden, s.hidden), nn.ReLU(),
        nn.Linear(s.hidden, 2),
    )
    opt = torch.optim.Adam(net.parameters(), lr=s.lr)
    ce = nn.CrossEntropyLoss()
    queue = torch.randperm(len(x))
    train_loss = 0.0
    for step in range(1, s.steps + 1):
        if len(queue) < s.batch:
            queue = torch.randperm(len(x))
        idx, queue = queue[:s.batch], queue[s.batch:]
        net.train()
        opt.zero_grad()
        loss = ce(net(x[idx]), y[idx])
        loss.backward()
        opt.step()
        train_loss += loss.item() / 25
        if step % 25 == 0:
            net.eval()
            with torch.no_grad():
                out = net(xv)
                print(f"step {step} train {train_loss:.4f} val {ce(out, yv):.4f} acc {(out.argmax(1) == yv).float().mean():.3f}")
            train_loss = 0.0


main(Settings())
