import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
X, y = make_friedman1(n_samples=2500, n_features=8, noise=0.5, random_state=4)

# every fifth sample along the sorted target goes to validation: both parts cover the whole range
order = np.argsort(y)
X, y = X[order], y[order]
is_val = np.arange(len(y)) % 5 == 2
Xt, yt, Xv, yv = X[~is_val], y[~is_val], X[is_val], y[is_val]

mx, sx, my, sy = Xt.mean(0), Xt.std(0), yt.mean(), yt.std()
as_tensor = lambda a: torch.tensor(a, dtype=torch.float32)
train_ds = TensorDataset(as_tensor((Xt - mx) / sx), as_tensor((yt - my) / sy))
val_ds = TensorDataset(as_tensor((Xv - mx) / sx), as_tensor((yv - my) / sy))

train_loader = DataLoader(train_ds, batch_size=40, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=250)

model = nn.Sequential(nn.Linear(8, 64), nn.SiLU(), nn.Linear(64, 32), nn.SiLU(), nn.Linear(32, 1), nn.Flatten(0))
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
mse = nn.MSELoss()


def validate():
    model.eval()
    with torch.no_grad():
        parts = [mse(model(a), b) * len(b) for a, b in val_loader]
    return (sum(parts) / len(val_ds)).item()


for epoch in range(12):
    model.train()
    acc = 0.0
    for a, b in train_loader:
        optimizer.zero_grad()
        loss = mse(model(a), b)
        loss.backward()
        optimizer.step()
        acc += loss.item()
    print(f"{epoch:3d} train {acc / len(train_loader):.4f} val {validate():.4f}")
