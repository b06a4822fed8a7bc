import torch
import torch.nn as nn
from sklearn.preprocessing import StandardScaler
import numpy as np


class DenoisingAutoencoder(nn.Module):
    """Fills in scale readings that drop out at random; dropout on the input is the corruption."""

    def __init__(self, n_in, n_code=8, p=0.15):
        super().__init__()
        self.corrupt = nn.Dropout(p)
        self.encode = nn.Sequential(nn.Linear(n_in, 64), nn.SELU(), nn.Linear(64, n_code), nn.Tanh())
        self.decode = nn.Sequential(nn.Linear(n_code, 64), nn.SELU(), nn.Linear(64, n_in))

    def forward(self, x):
        return self.decode(self.encode(self.corrupt(x)))

    def fit(self, x, x_val, epochs=15, batch=64, lr=2e-3):
        opt = torch.optim.Adam(self.parameters(), lr=lr)
        for epoch in range(epochs):
            self.train()
            losses = []
            for idx in torch.randperm(len(x)).split(batch):
                loss = nn.functional.mse_loss(self(x[idx]), x[idx])
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
                losses.append(loss.item())
            print(f"epoch {epoch:2d} train {np.mean(losses):.4f} clean val {self.error(x_val):.4f}")
        return self

    def error(self, x):
        self.eval()
        with torch.no_grad():
            return nn.functional.mse_loss(self(x), x).item()


if __name__ == "__main__":
    torch.manual_seed(8)
    rng = np.random.default_rng(8)
    source = rng.standard_normal((3000, 5))
    mix = rng.standard_normal((5, 24)) / 2
    readings = 20 + 6 * (np.tanh(source @ mix) + 0.3 * source @ mix + 0.08 * rng.standard_normal((3000, 24)))
    scaler = StandardScaler().fit(readings[:2560])
    data = torch.tensor(scaler.transform(readings), dtype=torch.float32)
    DenoisingAutoencoder(24).fit(data[:2560], data[2560:])
