from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn


class PairSampler:
    """Draws half matching and half non-matching pairs."""

    def __init__(self, labels: np.ndarray, seed: int) -> None:
        self.labels = labels
        self.rng = np.random.default_rng(seed)
        self.by_class = [np.flatnonzero(labels == c) for c in range(10)]

    def draw(self, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        left = self.rng.integers(0, len(self.labels), n)
        same = np.arange(n) % 2
        right = np.empty(n, dtype=np.int64)
        for k in range(n):
            c = self.labels[left[k]]
            if not same[k]:
                c = (c + self.rng.integers(1, 10)) % 10
            right[k] = self.rng.choice(self.by_class[c])
        return left, right, same.astype(np.float32)


class Embedder(nn.Module):
    def __init__(self, dim: int = 16) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(24 * 16, dim, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def distance(a: Tensor, b: Tensor) -> Tensor:
    return ((a - b) ** 2).sum(dim=1).sqrt()


def contrastive(d: Tensor, same: Tensor, margin: float = 1.0) -> Tensor:
    pull = same * d**2
    push = (1 - same) * (margin - d).clamp(min=0) ** 2
    return (pull + push).mean()


def main(steps: int = 300, batch: int = 48) -> None:
    torch.manual_seed(3)
    digits = load_digits()
    images = torch.tensor(digits.images / 16.0, dtype=torch.float32).unsqueeze(1)
    sampler = PairSampler(digits.target, seed=3)
    net = Embedder()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(1, steps + 1):
        left, right, same = sampler.draw(batch)
        d = distance(net(images[left]), net(images[right]))
        loss = contrastive(d, torch.from_numpy(same))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 30 == 0:
            print(f"{step:4d}  loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
