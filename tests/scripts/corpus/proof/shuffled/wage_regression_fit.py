import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(77)
torch.manual_seed(77)


class WageRegressor:
    def __init__(self, lr=5e-3, epochs=8, batch_size=64):
        self.lr, self.epochs, self.batch_size = lr, epochs, batch_size

    def _standardise(self, X, fit=False):
        if fit:
            self.mean, self.std = X.mean(0), X.std(0)
        return torch.tensor((X - self.mean) / self.std, dtype=torch.float32)

    def fit(self, X, y):
        X = self._standardise(X, fit=True)
        self.ym, self.ys = y.mean(), y.std()
        t = torch.tensor((y - self.ym) / self.ys, dtype=torch.float32).unsqueeze(1)
        self.net = nn.Sequential(nn.Linear(X.shape[1], 48), nn.ELU(), nn.Linear(48, 24), nn.ELU(), nn.Linear(24, 1))
        opt = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        for epoch in range(self.epochs):
            total = 0.0
            for idx in torch.randperm(len(X)).split(self.batch_size):
                loss = nn.functional.mse_loss(self.net(X[idx]), t[idx])
                opt.zero_grad()
                loss.backward()
                opt.step()
                total += loss.item() * len(idx)
            print(f"epoch {epoch}: mse {total / len(X):.4f}")
        return self

    def predict(self, X):
        self.net.eval()
        with torch.no_grad():
            return self.net(self._standardise(X)).numpy().ravel() * self.ys + self.ym


n = 2800
school, years, hours = rng.normal(12, 3, n), rng.gamma(3, 4, n), rng.normal(38, 6, n)
city, sector = rng.integers(0, 2, n), rng.normal(size=(n, 3))
X = np.column_stack([school, years, hours, city, sector])
wage = 4 + 1.1 * school + 4 * np.sqrt(years) + 3 * city * sector[:, 0] + 0.1 * hours + rng.normal(0, 1.5, n)
wage = wage[rng.permutation(n)]
model = WageRegressor().fit(X[:2200], wage[:2200])
pred = model.predict(X[2200:])
print("R2", 1 - ((pred - wage[2200:]) ** 2).mean() / wage[2200:].var())
