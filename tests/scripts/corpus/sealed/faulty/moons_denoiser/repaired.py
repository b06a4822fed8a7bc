from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import make_moons


@dataclass
class TrainConfig:
    epochs: int = 12
    batch_size: int = 100
    lr: float = 3e-3
    schedule: str = "cosine"
    seed: int = 13
    levels: int = 20


class Denoiser(nn.Module):
    """Predicts the noise that was mixed into a point, given the noise level."""

    def __init__(self, width=96):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2 + 4, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 2),
        )

    def forward(self, x, t):
        freq = torch.tensor([1.57, 3.14])
        angle = t[:, None] * freq
        return self.net(torch.cat([x, angle.sin(), angle.cos()], 1))


class Trainer:
    def __init__(self, cfg, model, data):
        self.cfg, self.model, self.data = cfg, model, data
        self.optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
        self.scheduler = None
        if cfg.schedule == "cosine":
            self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=cfg.epochs)
        self.signal = torch.cos(torch.linspace(0.1, 1.45, cfg.levels))

    def loss(self, x0):
        level = torch.randint(self.cfg.levels, (len(x0),))
        a = self.signal[level].unsqueeze(1)
        eps = torch.randn_like(x0)
        noisy = a * x0 + (1 - a ** 2).sqrt() * eps
        return nn.functional.mse_loss(self.model(noisy, level / self.cfg.levels), eps)

    def on_epoch_end(self, epoch, mean_loss):
        if self.scheduler is not None and self.cfg.schedule == "cosine":
            self.scheduler.step()
        print(f"epoch {epoch:2d} loss {mean_loss:.4f} lr {self.optimizer.param_groups[0]['lr']:.5f}")

    def fit(self):
        for epoch in range(self.cfg.epochs):
            total, batches = 0.0, torch.randperm(len(self.data)).split(self.cfg.batch_size)
            for idx in batches:
                loss = self.loss(self.data[idx])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item()
            self.on_epoch_end(epoch, total / len(batches))


cfg = TrainConfig()
torch.manual_seed(cfg.seed)
points, _ = make_moons(5000, noise=0.04, random_state=cfg.seed)
points = torch.tensor(points, dtype=torch.float32)
points = (points - points.mean(0)) / points.std(0)
Trainer(cfg, Denoiser(), points).fit()
