import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_digits

rng = np.random.default_rng(4)
torch.manual_seed(4)
X, y = load_digits(return_X_y=True)
X = X / 16.0 - 0.3
X, y = X[rng.permutation(len(X))], y[rng.permutation(len(y))]
X = torch.from_numpy(X).float()
y = torch.from_numpy(y).long()
Xtr, ytr, Xva, yva = X[:1500], y[:1500], X[1500:], y[1500:]

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
opt = torch.optim.Adam(model.parameters(), lr=8e-3)
lossf = nn.CrossEntropyLoss()
for epoch in range(20):
    model.train()
    perm = torch.randperm(len(Xtr))
    for k in range(0, len(perm), 100):
        b = perm[k:k + 100]
        opt.zero_grad()
        loss = lossf(model(Xtr[b]), ytr[b])
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        vl = lossf(model(Xva), yva).item()
        va = (model(Xva).argmax(1) == yva).float().mean().item()
    print(f"epoch {epoch} train {loss.item():.4f} val {vl:.4f} acc {va:.3f}")
