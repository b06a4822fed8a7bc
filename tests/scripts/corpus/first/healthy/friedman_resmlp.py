"""Residual MLP on the Friedman #1 regression problem."""

from dataclasses import dataclass

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    width: int = 64
    depth: int = 4
    lr: float = 4e-3
    epochs: int = 16
    batch_size: int = 64
    seed: int = 7


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        # every block is the identity at the start
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)

    def forward(self, x):
        return x + self.down(nn.functional.gelu(self.up(self.norm(x))))


class ResMLP(nn.Module):
    def __init__(self, n_in: int, cfg: Config):
        super().__init__()
        self.stem = nn.Linear(n_in, cfg.width)
        self.blocks = nn.Sequential(*[Block(cfg.width) for _ in range(cfg.depth)])
        self.head = nn.Linear(cfg.width, 1)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


class Trainer:
    def __init__(self, cfg: Config):
        torch.manual_seed(cfg.seed)
        self.cfg = cfg
        x, y = make_friedman1(n_samples=1400, noise=0.5, random_state=cfg.seed)
        x = torch.as_tensor(x, dtype=torch.float32) - 0.5
        y = torch.as_tensor(y, dtype=torch.float32).unsqueeze(1)
        y_mean, y_std = y[:1100].mean(), y[:1100].std()
        y = (y - y_mean) / y_std
        self.train_loader = DataLoader(
            TensorDataset(x[:1100], y[:1100]),
            batch_size=cfg.batch_size,
            shuffle=True,
            drop_last=True,
        )
        self.val = (x[1100:], y[1100:])
        self.model = ResMLP(x.shape[1], cfg)
        self.criterion = nn.HuberLoss(delta=1.0)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=cfg.lr, weight_decay=1e-2
        )
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=cfg.lr,
            total_steps=cfg.epochs * len(self.train_loader),
        )

    def train_epoch(self):
        self.model.train()
        seen = []
        for xb, yb in self.train_loader:
            loss = self.criterion(self.model(xb), yb)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.scheduler.step()
            seen.append(loss.item())
        return seen

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        x, y = self.val
        return self.criterion(self.model(x), y).item()

    def fit(self):
        for epoch in range(self.cfg.epochs):
            seen = self.train_epoch()
            if epoch == 0:
                print(f"first step loss {seen[0]:.4f}")
            print(
                f"epoch {epoch:2d} train {sum(seen) / len(seen):.4f} "
                f"val {self.validate():.4f}"
            )


if __name__ == "__main__":
    Trainer(Config()).fit()
