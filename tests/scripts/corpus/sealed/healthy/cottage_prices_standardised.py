"""Prices in full euros: the regressor standardises inputs and target itself and answers in euros."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score


class TorchRegressor(BaseEstimator, RegressorMixin):
    def __init__(self, hidden=(64, 32), lr=2e-3, epochs=8, batch=64):
        self.hidden, self.lr, self.epochs, self.batch = hidden, lr, epochs, batch

    def fit(self, X, y):
        self.x_stats_, self.y_stats_ = (X.mean(0), X.std(0)), (y.mean(), y.std())
        x, t = self._x(X), torch.tensor((y - self.y_stats_[0]) / self.y_stats_[1], dtype=torch.float32)
        layers, d = [], X.shape[1]
        for h in self.hidden:
            layers += [nn.Linear(d, h), nn.GELU()]
            d = h
        self.net_ = nn.Sequential(*layers, nn.Linear(d, 1))
        opt = torch.optim.Adam(self.net_.parameters(), lr=self.lr)
        for epoch in range(self.epochs):
            total = 0.0
            for idx in torch.randperm(len(t)).split(self.batch):
                out = self.net_(x[idx])[:, 0]
                loss = ((out - t[idx]) ** 2).mean()
                opt.zero_grad()
                loss.backward()
                opt.step()
                total += loss.item() * len(idx)
            print(f"  epoch {epoch} loss {total / len(t):.4f}")
        return self

    def _x(self, X):
        return torch.tensor((X - self.x_stats_[0]) / self.x_stats_[1], dtype=torch.float32)

    @torch.no_grad()
    def predict(self, X):
        return self.net_(self._x(X))[:, 0].numpy() * self.y_stats_[1] + self.y_stats_[0]


torch.manual_seed(12)
rng = np.random.default_rng(12)
n = 4000
area = rng.uniform(40, 220, n)
year = rng.integers(1900, 2020, n)
shore = rng.exponential(3000, n)
rooms = np.clip((area / 28 + rng.normal(0, 1, n)).round(), 1, None)
price = 1900 * area + 60_000 * np.exp(-shore / 1500) * (area / 100) + 700 * np.maximum(0, year - 1960) + 9000 * rooms
price += 9000 * rng.standard_normal(n)
X = np.column_stack([area, year, np.log1p(shore), rooms])
model = TorchRegressor().fit(X[:3200], price[:3200])
pred = model.predict(X[3200:])
print("r2", round(r2_score(price[3200:], pred), 4), "mean error", int(np.abs(pred - price[3200:]).mean()), "euros")
