"""A small VAE on digits; encoder and decoder have their own optimizers."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

LATENT = 6


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 2 * LATENT))

    def forward(self, x):
        mean, logvar = self.net(x).chunk(2, dim=1)
        return mean, logvar.clamp(-8, 8)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(LATENT, 48), nn.ReLU(), nn.Linear(48, 64))

    def forward(self, z):
        return self.net(z)


def elbo(x, logits, mean, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = -0.5 * (1 + logvar - mean.pow(2) - logvar.exp()).sum(1)
    return rec.mean(), kl.mean()


def train(steps=400, batch=64):
    torch.manual_seed(9)
    data = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    encoder, decoder = Encoder(), Decoder()
    enc_optim = torch.optim.Adam(encoder.parameters(), lr=2e-3)
    dec_optim = torch.optim.Adam(decoder.parameters(), lr=2e-3)

    for step in range(1, steps + 1):
        x = data[torch.randint(0, len(data), (batch,))]
        mean, logvar = encoder(x)
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        rec, kl = elbo(x, decoder(z), mean, logvar)
        loss = rec + 0.3 * kl

        enc_optim.zero_grad()
        dec_optim.zero_grad()
        loss.backward()
        enc_optim.step()
        dec_optim.step()

        if step % 40 == 0:
            print(f"{step:4d}  total {loss.item():.2f}  rec {rec.item():.2f}  kl {kl.item():.2f}")


if __name__ == "__main__":
    train()
