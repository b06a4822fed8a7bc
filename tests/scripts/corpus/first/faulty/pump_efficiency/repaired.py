import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class NeuralRegressor:
    """A small estimator with the usual fit / predict interface."""

    def __init__(self, hidden=(64, 64), lr=3e-3, epochs=12, batch_size=80, seed=2):
        self.hidden = hidden
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.seed = seed
        self.history_ = []

    def _build(self, n_features):
        layers, width = [], n_features
        for h in self.hidden:
            layers += [nn.Linear(width, h), nn.SiLU()]
            width = h
        layers.append(nn.Linear(width, 1))
        self.net_ = nn.Sequential(*layers)

    def predict(self, X):
        with torch.no_grad():
            return self.net_(X).flatten()

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        self._build(X.shape[1])
        data = DataLoader(TensorDataset(X, y), batch_size=self.batch_size, shuffle=True)
        criterion = nn.MSELoss()
        optimizer = torch.optim.AdamW(self.net_.parameters(), lr=self.lr)
        for epoch in range(self.epochs):
            losses = []
            for xb, yb in data:
                optimizer.zero_grad()
                out = self.net_(xb).flatten()
                loss = criterion(out, yb)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            self.history_.append(np.mean(losses))
            print(f"epoch {epoch:2d}  train mse {self.history_[-1]:.4f}")
        return self

    def score(self, X, y):
        residual = ((y - self.predict(X)) ** 2).sum()
        total = ((y - y.mean()) ** 2).sum()
        return (1 - residual / total).item()


rng = np.random.default_rng(1)
flow, head, speed, wear = rng.uniform(-1, 1, (4, 2400))
eff = 1 - 2 * (flow - 0.3 * speed) ** 2 - head * speed - 0.5 * wear**2
eff = eff + rng.normal(0, 0.05, eff.shape)
X = torch.tensor(np.column_stack([flow, head, speed, wear]), dtype=torch.float32)
y = torch.tensor((eff - eff.mean()) / eff.std(), dtype=torch.float32)

reg = NeuralRegressor(epochs=12)
reg.fit(X[:2000], y[:2000])
print("R2 on held-out rows:", round(reg.score(X[2000:], y[2000:]), 3))
