"""Fit a terrain height map from coordinates (Fourier features), cosine rate stepped once per batch."""
import math

import torch
import torch.nn as nn

torch.manual_seed(2)


def height(p):
    x, y = p[:, 0], p[:, 1]
    return torch.sin(3 * x + 1) * torch.cos(2.5 * y) + 0.5 * torch.sin(5 * x * y) + 0.3 * x


class Fourier(nn.Module):
    def __init__(self, n=32, sigma=0.45):
        super().__init__()
        self.register_buffer("b", sigma * torch.randn(2, n))

    def forward(self, p):
        a = 2 * math.pi * p @ self.b
        return torch.cat([a.sin(), a.cos()], dim=1)


net = nn.Sequential(Fourier(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
train_p = torch.rand(5000, 2) * 2 - 1
train_h = (height(train_p) + 0.05 * torch.randn(5000)).unsqueeze(1)
test_p = torch.rand(1000, 2) * 2 - 1
test_h = height(test_p).unsqueeze(1)

TOTAL, BATCH = 500, 128
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=TOTAL, eta_min=1e-5)
step = 0
while step < TOTAL:
    for idx in torch.randperm(len(train_p)).split(BATCH):
        loss = nn.functional.mse_loss(net(train_p[idx]), train_h[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        step += 1
        if step % 50 == 0:
            with torch.no_grad():
                test = nn.functional.mse_loss(net(test_p), test_h).item()
            print(f"step {step} lr {scheduler.get_last_lr()[0]:.5f} train {loss.item():.4f} test {test:.4f}")
        if step == TOTAL:
            break
