"""Variational autoencoder on 8x8 digits with a short KL warm-up."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader


@dataclass
class Config:
    latent: int = 6
    hidden: int = 96
    lr: float = 2e-3
    epochs: int = 14
    batch: int = 64
    warmup: int = 100


class VAE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, c.hidden), nn.SiLU())
        self.mu, self.logvar = nn.Linear(c.hidden, c.latent), nn.Linear(c.hidden, c.latent)
        self.dec = nn.Sequential(nn.Linear(c.latent, c.hidden), nn.SiLU(), nn.Linear(c.hidden, 64))

    def forward(self, x):
        h = self.body(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        return self.dec(z), mu, logvar


def elbo_parts(x, logits, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction='none').sum(1).mean()
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    return rec, kl


def main(c=Config()):
    torch.manual_seed(1)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    x = x[torch.randperm(len(x))]
    loader = DataLoader(x[:1500], batch_size=c.batch, shuffle=True, drop_last=True)
    model = VAE(c)
    opt = torch.optim.Adam(model.parameters(), lr=c.lr)
    step = 0
    for epoch in range(c.epochs):
        model.train()
        for xb in loader:
            beta = min(1.0, step / c.warmup)
            rec, kl = elbo_parts(xb, *model(xb))
            loss = rec + beta * kl
            opt.zero_grad()
            loss.backward()
            opt.step()
            step += 1
        model.eval()
        with torch.no_grad():
            r, k = elbo_parts(x[1500:], *model(x[1500:]))
        print(f"epoch {epoch} beta {beta:.2f} val rec {r.item():.2f} kl {k.item():.2f}")


main()
