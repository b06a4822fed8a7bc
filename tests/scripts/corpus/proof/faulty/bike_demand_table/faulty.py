import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

rs = np.random.RandomState(3)
torch.manual_seed(3)
n = 3000
hour = rs.uniform(0, 24, n)
temp = rs.normal(15, 8, n)
wind = rs.gamma(2, 5, n)
weekend = rs.rand(n) < 2 / 7
demand = 3 * np.exp(-((hour - 8) / 2.5) ** 2) * (~weekend) + 2.5 * np.exp(-((hour - 17) / 3) ** 2) + 0.06 * temp - 0.03 * wind + rs.normal(0, 0.2, n)
cols = np.stack([np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi), np.sin(hour / 12 * 2 * np.pi),
                 (temp - 15) / 8, (wind - 10) / 7, weekend - 2 / 7], 1)
X = torch.tensor(cols, dtype=torch.float32)
y = torch.tensor((demand - demand.mean()) / demand.std(), dtype=torch.float32)
train = DataLoader(TensorDataset(X[:2400], y[:2400]), batch_size=64, shuffle=True)
Xv, yv = X[2400:], y[2400:]

model = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
criterion = nn.SmoothL1Loss()
for epoch in range(8):
    model.train()
    total, count = 0.0, 0
    for xb, yb in train:
        pred = model(xb)
        diff_loss = criterion(pred, yb)
        optimizer.zero_grad()
        diff_loss.backward()
        optimizer.step()
        total += diff_loss.item() * len(xb)
        count += len(xb)
    model.eval()
    with torch.no_grad():
        mae = (model(Xv).flatten() - yv).abs().mean().item()
    print(f"Epoch {epoch + 1}: train loss {total / count:.4f} | val MAE {mae:.4f}")
