import torch
from torch import nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class VAE(nn.Module):
    def __init__(self, latent=6):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 96), nn.SiLU(), nn.Linear(96, 48), nn.SiLU())
        self.mu = nn.Linear(48, latent)
        self.logvar = nn.Linear(48, latent)
        self.dec = nn.Sequential(nn.Linear(latent, 48), nn.SiLU(), nn.Linear(48, 96), nn.SiLU(), nn.Linear(96, 64))

    def forward(self, x):
        h = self.body(x - 0.3)
        mu, logvar = self.mu(h), self.logvar(h).clamp(-8, 8)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        return self.dec(z), mu, logvar


def terms(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum() / len(x)
    return rec, kl


torch.manual_seed(1)
data = torch.tensor(load_digits().data, dtype=torch.float32) / 16
data = data[torch.randperm(len(data))]
train, valid = data[:1440], data[1440:]
vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=4e-3)
step = 0
for epoch in range(24):
    vae.train()
    for x in train[torch.randperm(len(train))].split(72):
        step += 1
        rec, kl = terms(*(lambda o: (o[0], x, o[1], o[2]))(vae(x)))
        loss = rec + min(0.5, step / 400) * kl
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 4 == 3:
        vae.eval()
        with torch.no_grad():
            out, mu, lv = vae(valid)
            r, k = terms(out, valid, mu, lv)
        print(f"epoch {epoch} loss {loss.item():.2f} valid rec {r.item():.2f} kl {k.item():.2f}")
