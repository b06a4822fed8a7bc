# Kaggle-ish baseline: predict sale price from a handful of features
import numpy as np
import torch
import torch.nn as nn

SEED = 2024
np.random.seed(SEED); torch.manual_seed(SEED)

N = 4000
area = np.random.gamma(9, 14, N)
rooms = np.clip(np.round(area / 28 + np.random.randn(N)), 1, 9)
age = np.random.uniform(0, 80, N)
dist = np.random.exponential(6, N)
garage = np.random.binomial(1, 0.6, N)
price = (1900 * area + 9000 * rooms - 700 * age + 25000 * garage) * np.exp(-dist / 30) + 40000 + np.random.randn(N) * 12000

feats = np.column_stack([area, rooms, age, dist, garage]).astype(np.float32)
tr = np.random.permutation(N)[:3200]
va = np.setdiff1d(np.arange(N), tr)
feats = (feats - feats[tr].mean(0)) / feats[tr].std(0)
y_mean, y_std = 0.0, 1.0
target = ((price - y_mean) / y_std).astype(np.float32)

Xtr, ytr = torch.from_numpy(feats[tr]), torch.from_numpy(target[tr]).unsqueeze(1)
Xva = torch.from_numpy(feats[va])

model = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
mse = nn.MSELoss()

for epoch in range(12):
    model.train()
    epoch_loss = []
    for idx in torch.randperm(len(Xtr)).split(64):
        optimizer.zero_grad()
        loss = mse(model(Xtr[idx]), ytr[idx])
        loss.backward()
        optimizer.step()
        epoch_loss.append(loss.item())
    model.eval()
    with torch.no_grad():
        pred = model(Xva).squeeze(1).numpy() * y_std + y_mean
    rmse = np.sqrt(np.mean((pred - price[va]) ** 2))
    print(f'epoch {epoch:2d} | train mse {np.mean(epoch_loss):.5g} | val RMSE ${rmse:,.0f}')
