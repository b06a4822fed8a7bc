import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self, latent=8, h=96):
        super().__init__()
        self.enc = nn.Linear(64, h)
        self.mu, self.logvar = nn.Linear(h, latent), nn.Linear(h, latent)
        self.dec = nn.Sequential(nn.Linear(latent, h), nn.ELU(), nn.Linear(h, 64))

    def forward(self, x):
        h = F.elu(self.enc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        return self.dec(z), mu, logvar


def elbo_terms(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
    kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum(1).mean()
    return rec, kl


torch.manual_seed(916)
x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
x = x[torch.randperm(len(x))]
train = DataLoader(TensorDataset(x[:1500]), batch_size=50, shuffle=True)
vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=5e-3)
step = 0
for epoch in range(10):
    vae.train()
    recs, kls = 0.0, 0.0
    for (xb,) in train:
        beta = 0.2 + 0.8 * min(1.0, step / 200)
        logits, mu, logvar = vae(xb)
        rec, kl = elbo_terms(logits, xb, mu, logvar)
        loss = rec + beta * kl
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
        recs, kls = recs + rec.item(), kls + kl.item()
    vae.eval()
    with torch.no_grad():
        rec, kl = elbo_terms(vae(x[1500:])[0], x[1500:], *vae(x[1500:])[1:])
    print(f"epoch {epoch} rec {recs / len(train):.2f} kl {kls / len(train):.2f} | test rec {rec.item():.2f} kl {kl.item():.2f}")
