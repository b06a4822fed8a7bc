"""Variational autoencoder on 8x8 digits with KL warm-up."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

PIXEL_VAR = 0.03


class VAE(nn.Module):
    def __init__(self, latent=6):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 128), nn.ELU())
        self.to_mu = nn.Linear(128, latent)
        self.to_logvar = nn.Linear(128, latent)
        self.dec = nn.Sequential(
            nn.Linear(latent, 128), nn.ELU(), nn.Linear(128, 64), nn.Sigmoid()
        )

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.to_mu(h), self.to_logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def elbo_terms(picture, x, mu, logvar):
    # Gaussian pixels of fixed variance, constant term left out
    recon = 0.5 * ((x - picture) ** 2 / PIXEL_VAR).sum(1).mean()
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()
    return recon, kl


def train():
    torch.manual_seed(17)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    x = x[torch.randperm(len(x))]
    loader = DataLoader(TensorDataset(x[:1500]), batch_size=50, shuffle=True)
    held_out = x[1500:]
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    step = 0
    for epoch in range(20):
        model.train()
        sums = [0.0, 0.0]
        for (xb,) in loader:
            beta = min(1.0, 0.2 + step / 250)
            recon, kl = elbo_terms(*unpack(model, xb))
            loss = recon + beta * kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step == 0:
                print(f"first loss {loss.item():.3f}")
            step += 1
            sums[0] += recon.item()
            sums[1] += kl.item()
        model.eval()
        with torch.no_grad():
            recon, kl = elbo_terms(*unpack(model, held_out))
        print(
            f"epoch {epoch:2d} recon {sums[0] / len(loader):.3f} "
            f"kl {sums[1] / len(loader):.3f} held-out nelbo {recon + kl:.3f}"
        )
    print(f"last loss {loss.item():.3f}")


def unpack(model, xb):
    picture, mu, logvar = model(xb)
    return picture, xb, mu, logvar


if __name__ == "__main__":
    train()
