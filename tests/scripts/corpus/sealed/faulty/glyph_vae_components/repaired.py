"""VAE on 8x8 digits with the two parts of the ELBO logged separately."""
from collections import defaultdict

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self, latent=6, hidden=96):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU())
        self.mu, self.logvar = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU(), nn.Linear(hidden, 64))

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def elbo_parts(x, logits, mu, logvar):
    recon = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum(1).mean()
    return recon, kl


def main():
    torch.manual_seed(37)
    pixels = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    pixels = pixels[torch.randperm(len(pixels))]
    loader = DataLoader(pixels[:1500], batch_size=50, shuffle=True)
    rest = pixels[1500:]
    vae = VAE()
    opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
    log = defaultdict(list)
    for epoch in range(16):
        vae.train()
        for x in loader:
            recon, kl = elbo_parts(x, *vae(x))
            loss = recon + kl
            opt.zero_grad()
            loss.backward()
            opt.step()
            log["recon"].append(recon.item())
            log["kl"].append(kl.item())
        vae.eval()
        with torch.no_grad():
            r, k = elbo_parts(rest, *vae(rest))
        n = len(loader)
        print(f"epoch {epoch:2d} recon {float(sum(log['recon'][-n:])) / n:.2f} kl {float(sum(log['kl'][-n:])) / n:.2f} "
              f"held-out {r.item() + k.item():.2f}")


main()
