"""Sparse autoencoder with learned thresholds (shifted ReLU) on 8x8 digits."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


class ShiftedReLU(nn.Module):
    def __init__(self, units, start):
        super().__init__()
        self.theta = nn.Parameter(torch.full((units,), float(start)))

    def forward(self, x):
        return F.relu(x - self.theta)


class SparseAE(nn.Module):
    def __init__(self, n_pix=64, n_code=96, threshold=0.05):
        super().__init__()
        self.encoder = nn.Linear(n_pix, n_code)
        self.gate = ShiftedReLU(n_code, threshold)
        self.decoder = nn.Linear(n_code, n_pix)

    def forward(self, x):
        code = self.gate(self.encoder(x))
        return self.decoder(code), code


def train(threshold=0.05, l1=1e-4, epochs=14, seed=6):
    torch.manual_seed(seed)
    X = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
    X = X[torch.randperm(len(X))]
    train_x, val_x = X[:1500], X[1500:]
    mean = train_x.mean(0)
    train_x, val_x = train_x - mean, val_x - mean
    model = SparseAE(threshold=threshold)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        for x in train_x[torch.randperm(len(train_x))].split(50):
            recon, code = model(x)
            loss = F.mse_loss(recon, x) + l1 * code.abs().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            recon, code = model(val_x)
            print(f"epoch {epoch:2d} val mse {F.mse_loss(recon, val_x).item():.5f} active {(code > 0).float().mean().item():.3f}")


train(threshold=3.0)
