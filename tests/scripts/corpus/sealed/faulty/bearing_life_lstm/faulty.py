from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    seed: int = 8
    window: int = 20
    hidden: int = 40
    lr: float = 3e-3
    batch_size: int = 64
    epochs: int = 12


class LifeModel(nn.Module):
    def __init__(self, n_sensors, hidden):
        super().__init__()
        self.rnn = nn.LSTM(n_sensors, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out[:, -1]).squeeze(-1)


def simulate(cfg, n, rng):
    """Vibration of bearings at a random moment of their life; the target is the time that is left."""
    life = rng.uniform(20, 40, n)                       # hours
    age = rng.uniform(0.1, 0.95, n) * life
    steps = (np.arange(cfg.window) - cfg.window + 1)[None, :] * 0.1 + age[:, None]
    wear = np.clip(steps / life[:, None], 0, None)
    sensors = np.stack([
        wear ** 2 + 0.08 * rng.standard_normal(wear.shape),
        np.exp(wear) - 1.5 + 0.2 * rng.standard_normal(wear.shape),
        np.repeat((30 - life[:, None]) / 10, cfg.window, axis=1) + 0.3 * rng.standard_normal(wear.shape),
    ], axis=-1)
    remaining = (life - age) * 3600.0
    return sensors.astype(np.float32), remaining.astype(np.float32)


cfg = Config()
torch.manual_seed(cfg.seed)
rng = np.random.default_rng(cfg.seed)
x, seconds = simulate(cfg, 3000, rng)
x = (x - x[:2400].mean((0, 1))) / x[:2400].std((0, 1))
target = seconds
train = DataLoader(TensorDataset(torch.from_numpy(x[:2400]), torch.from_numpy(target[:2400])),
                   batch_size=cfg.batch_size, shuffle=True)
x_val = torch.from_numpy(x[2400:])
model = LifeModel(x.shape[-1], cfg.hidden)
optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
for epoch in range(1, cfg.epochs + 1):
    model.train()
    total = 0.0
    for xb, yb in train:
        optimizer.zero_grad()
        loss = nn.functional.smooth_l1_loss(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        pred = model(x_val).numpy()
    mae = np.abs(pred - seconds[2400:]).mean() / 3600
    print(f"{epoch:2d}: loss {total / len(train):.4f}, off by {mae:.2f} h (a constant: "
          f"{np.abs(seconds[2400:] - np.median(seconds)).mean() / 3600:.2f} h)")
