from dataclasses import dataclass, field
from typing import List

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


@dataclass
class Hyper:
    sizes: List[int] = field(default_factory=lambda: [64, 48, 32, 4])
    lr: float = 3e-3
    steps: int = 330
    batch: int = 96
    log_every: int = 33


def build_mlp(sizes: List[int]) -> nn.Sequential:
    layers: List[nn.Module] = []
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        if i > 0:
            layers.append(nn.LayerNorm(a))
        layers.append(nn.Linear(a, b))
        layers.append(nn.GELU())
    return nn.Sequential(*layers)


def train(h: Hyper) -> nn.Module:
    torch.manual_seed(77)
    digits = load_digits()
    x = torch.tensor(digits.data / 16.0 - 0.5, dtype=torch.float32)
    # binary code of the digit, least significant bit first
    y = (torch.tensor(digits.target)[:, None] >> torch.arange(4)) & 1
    mlp = build_mlp(h.sizes)
    opt = torch.optim.Adam(mlp.parameters(), lr=h.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=h.steps)
    for step in range(h.steps):
        pick = torch.randint(len(x), (h.batch,))
        out = mlp(x[pick])
        loss = F.binary_cross_entropy_with_logits(out, y[pick].float())
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if (step + 1) % h.log_every == 0:
            lr = sched.get_last_lr()[0]
            print(f"step {step + 1:>4}  lr {lr:.2e}  bce {loss.item():.4f}")
    return mlp


if __name__ == "__main__":
    train(Hyper())
