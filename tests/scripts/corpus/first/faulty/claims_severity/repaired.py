"""Severity of insurance claims from policy attributes."""

import numpy as np
import torch
import torch.nn as nn

np.random.seed(7)
torch.manual_seed(7)

N = 6000
age = np.random.uniform(18, 85, N)
mileage = np.random.gamma(3.0, 4.0, N)
power = np.random.normal(110, 30, N)
urban = (np.random.rand(N) < 0.4).astype(float)
hail = (np.random.rand(N) < 0.04).astype(float)
noise = np.random.normal(0, 0.25, N)
severity = (
    0.03 * np.abs(age - 48) + 0.05 * mileage + 0.008 * (power - 110) * urban + 1.8 * hail + noise
)

X = torch.tensor(np.stack([age, mileage, power, urban, hail], 1), dtype=torch.float32)
y = torch.tensor((severity - severity.mean()) / severity.std(), dtype=torch.float32)

model = nn.Sequential(
    nn.Linear(5, 48),
    nn.ReLU(),
    nn.Linear(48, 48),
    nn.ReLU(),
    nn.Linear(48, 1),
)
criterion = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)

BATCH = 128
step = 0
history = []
while step < 450:
    idx = torch.randint(0, N, (BATCH,))
    xb, yb = X[idx], y[idx]
    xb = (xb - xb.mean(0)) / (xb.std(0) + 1e-6)

    opt.zero_grad()
    pred = model(xb).squeeze(1)
    loss = criterion(pred, yb)
    loss.backward()
    opt.step()

    history.append(loss.item())
    step += 1
    if step % 50 == 0:
        print("step", step, "mse", round(sum(history[-50:]) / 50, 4))
