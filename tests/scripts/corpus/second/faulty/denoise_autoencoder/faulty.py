"""Denoising autoencoder with hand-made dense layers."""

import math
from dataclasses import dataclass, field

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass
class AEConfig:
    widths: list = field(default_factory=lambda: [64, 32, 12, 32, 64])
    noise: float = 0.2
    lr: float = 3e-3
    steps: int = 350
    batch: int = 64


class Dense(nn.Module):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        scale = 1.0 / math.sqrt(n_in)
        self.kernel = nn.Parameter(torch.ones(n_in, n_out) * scale)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.kernel + self.bias


class Autoencoder(nn.Module):
    def __init__(self, widths: list) -> None:
        super().__init__()
        pairs = zip(widths[:-1], widths[1:])
        self.stack = nn.ModuleList([Dense(a, b) for a, b in pairs])

    def forward(self, x: Tensor) -> Tensor:
        *inner, last = self.stack
        for layer in inner:
            x = torch.tanh(layer(x))
        return last(x)


def train(cfg: AEConfig) -> Autoencoder:
    data = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    data = data - data.mean(0)
    print(f"variance of a pixel: {data.var(0).mean().item():.4f}")
    model = Autoencoder(cfg.widths)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for step in range(cfg.steps):
        clean = data[torch.randint(0, len(data), (cfg.batch,))]
        noisy = clean + cfg.noise * torch.randn_like(clean)
        loss = F.mse_loss(model(noisy), clean)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 49:
            print(f"step {step + 1}: reconstruction {loss.item():.4f}")
    return model


if __name__ == "__main__":
    torch.manual_seed(77)
    train(AEConfig())
