import numpy as np
import torch
import torch.nn as nn


class YearRegressor:
    """When was it painted? From pigment fractions and canvas measurements."""

    def __init__(self, n_features, hidden=64, lr=1e-3, epochs=14, batch=50):
        self.net = nn.Sequential(
            nn.Linear(n_features, hidden), nn.GELU(),
            nn.Linear(hidden, hidden), nn.GELU(),
            nn.Linear(hidden, 1),
        )
        self.lr, self.epochs, self.batch = lr, epochs, batch

    def fit(self, X, year, X_val, year_val):
        self.x_mean, self.x_std = X.mean(0), X.std(0)
        x = torch.as_tensor((X - self.x_mean) / self.x_std, dtype=torch.float32)
        y = torch.as_tensor(year, dtype=torch.float32).unsqueeze(1)
        opt = torch.optim.AdamW(self.net.parameters(), lr=self.lr)
        loss_fn = nn.MSELoss()
        for epoch in range(self.epochs):
            losses = []
            for idx in torch.randperm(len(x)).split(self.batch):
                loss = loss_fn(self.net(x[idx]), y[idx])
                opt.zero_grad()
                loss.backward()
                opt.step()
                losses.append(loss.item())
            rmse = np.sqrt(np.mean((self.predict(X_val) - year_val) ** 2))
            print(f"epoch {epoch + 1:2d}  loss {np.mean(losses):12.4f}  val rmse {rmse:8.2f} years")
        return self

    @torch.no_grad()
    def predict(self, X):
        x = torch.as_tensor((X - self.x_mean) / self.x_std, dtype=torch.float32)
        return self.net(x).squeeze(1).numpy()


def make_catalogue(n, rng):
    pigments = rng.dirichlet(np.ones(8), n)
    canvas = rng.normal([60, 80, 14], [15, 20, 3], (n, 3))
    trend = 4 * pigments[:, 0] - 5 * pigments[:, 3] + 3 * np.sqrt(pigments[:, 5]) + 0.03 * (canvas[:, 2] - 14) ** 2
    year = 1880 + 25 * (trend - 1.0) + 4 * rng.standard_normal(n)
    return np.hstack([pigments, canvas]), np.round(year)


if __name__ == "__main__":
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    X, year = make_catalogue(2500, rng)
    model = YearRegressor(X.shape[1])
    model.fit(X[:2000], year[:2000], X[2000:], year[2000:])
