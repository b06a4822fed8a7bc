import numpy as np
import torch
from torch import nn


def spectra(n, rng, bands=40):
    grid = np.linspace(0, 1, bands)
    out = np.zeros((n, bands))
    for _ in range(3):
        centre = rng.choice([0.2, 0.45, 0.8], size=(n, 1)) + rng.normal(0, 0.03, (n, 1))
        height = rng.gamma(4, 0.25, (n, 1))
        out += height * np.exp(-((grid - centre) / 0.07) ** 2)
    return out + 0.3 * rng.uniform(0, 1, (n, 1)) * grid + rng.normal(0, 0.03, out.shape)


class SpectraAE(nn.Module):
    def __init__(self, bands=40, code=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(bands, 64), nn.ELU(), nn.Linear(64, code), nn.Tanh())
        self.dec = nn.Sequential(nn.Linear(code, 64), nn.ELU(), nn.Linear(64, bands), nn.Sigmoid())

    def forward(self, x):
        return self.dec(self.enc(x))


rng = np.random.default_rng(17)
torch.manual_seed(17)
raw = spectra(3000, rng)
fresh = spectra(600, rng)
mu, sd = raw.mean(0), raw.std(0)
train = torch.tensor((raw - mu) / sd, dtype=torch.float32)
test = torch.tensor((fresh - mu) / sd, dtype=torch.float32)

ae = SpectraAE()
opt = torch.optim.Adam(ae.parameters(), lr=3e-3)
for epoch in range(12):
    ae.train()
    epoch_loss = 0.0
    for idx in torch.randperm(len(train)).split(100):
        x = train[idx]
        loss = nn.functional.mse_loss(ae(x), x)
        opt.zero_grad()
        loss.backward()
        opt.step()
        epoch_loss += loss.item() / 30
    ae.eval()
    with torch.no_grad():
        held = nn.functional.mse_loss(ae(test), test).item()
    print(f"epoch {epoch:2d} reconstruction {epoch_loss:.4f} held-out {held:.4f}")
