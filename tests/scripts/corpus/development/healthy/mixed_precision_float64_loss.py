"""Decay-rate regression; physics part in double precision, network in single."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def simulate(n, seed):
    rng = np.random.default_rng(seed)
    k = rng.uniform(0.3, 2.0, size=(n, 1))
    t = np.linspace(0, 2, 16)[None]
    curve = np.exp(-k * t) + 0.02 * rng.normal(size=(n, 16))
    return torch.from_numpy(curve), torch.from_numpy(k)


class RateNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(16, 48), nn.SiLU(), nn.Linear(48, 1))

    def forward(self, curve64):
        return self.net(curve64.float()).double()


if __name__ == "__main__":
    torch.manual_seed(6)
    curves, rates = simulate(3000, 6)
    mu, sd = curves[:2500].mean(0), curves[:2500].std(0).clamp_min(0.05)
    ym, ys = rates[:2500].mean(), rates[:2500].std()
    curves, rates = (curves - mu) / sd, (rates - ym) / ys
    loader = DataLoader(TensorDataset(curves[:2500], rates[:2500]), batch_size=50, shuffle=True)
    model = RateNet()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(6):
        model.train()
        total = torch.zeros((), dtype=torch.float64)
        for c, r in loader:
            loss = torch.mean((model(c) - r) ** 2)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.detach()
        model.eval()
        with torch.no_grad():
            v = torch.mean((model(curves[2500:]) - rates[2500:]) ** 2)
        print(f"{epoch} train {total.item() / len(loader):.5f} test {v.item():.5f}")
