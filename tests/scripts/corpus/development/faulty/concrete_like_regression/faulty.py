"""Strength of a mixture from its ingredients (synthetic)."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def mixture(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 6, generator=g)
    y = (torch.sin(5 * x[:, 0]) + 3 * x[:, 1] * x[:, 2] - 2 * (x[:, 3] - 0.5).abs()
         + x[:, 4] + 0.1 * torch.randn(n, generator=g))
    return x, y.unsqueeze(1)


class StrengthNet(nn.Module):
    def __init__(self, n_in=6, hidden=(64, 64)):
        super().__init__()
        self.act = nn.ReLU()
        self.inp = nn.Linear(n_in, hidden[0])
        self.mid = nn.Linear(hidden[0], hidden[1])
        self.out = nn.Linear(hidden[1], 1)

    def forward(self, x):
        x = self.inp(x)
        x = self.mid(x)
        return self.out(x)


def fit(model, loader, val, epochs=8, lr=3e-3):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.MSELoss()
    for epoch in range(epochs):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            v = loss_fn(model(val[0]), val[1]).item()
        print(f"epoch={epoch} train={loss.item():.4f} val={v:.4f}")


torch.manual_seed(14)
x, y = mixture(4000, 14)
mu, sd, ymu, ysd = x[:3200].mean(0), x[:3200].std(0), y[:3200].mean(), y[:3200].std()
x, y = (x - mu) / sd, (y - ymu) / ysd
fit(StrengthNet(), DataLoader(TensorDataset(x[:3200], y[:3200]), batch_size=64, shuffle=True), (x[3200:], y[3200:]))
