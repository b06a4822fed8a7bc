"""GAN on a ring of two-dimensional Gaussians."""

import argparse
import random

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
parser.add_argument("--latent-dim", type=int, default=8)
opt = parser.parse_args()

torch.set_num_threads(1)
manual_seed = 5
random.seed(manual_seed)
np.random.seed(manual_seed)
torch.manual_seed(manual_seed)

angles = np.random.randint(0, 8, size=512) * (2 * np.pi / 8)
ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.05 * np.random.randn(512, 2)
dataloader = DataLoader(
    TensorDataset(torch.tensor(ring, dtype=torch.float32)),
    batch_size=64,
    shuffle=True,
    num_workers=opt.workers,
)


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, 0.0, 0.1)
        nn.init.zeros_(m.bias)


netG = nn.Sequential(
    nn.Linear(opt.latent_dim, 32), nn.BatchNorm1d(32), nn.ReLU(True), nn.Linear(32, 2)
)
netD = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, 1))
netG.apply(weights_init)
netD.apply(weights_init)
criterion = nn.BCEWithLogitsLoss()
optimizerD = optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))
fixed_noise = torch.randn(16, opt.latent_dim)

losses = []
for epoch in range(4):
    for i, (real,) in enumerate(dataloader):
        # discriminator: real batch, then generated batch
        netD.zero_grad()
        label = torch.ones(real.size(0), 1)
        errD_real = criterion(netD(real), label)
        errD_real.backward()
        fake = netG(torch.randn(real.size(0), opt.latent_dim))
        label.fill_(0.0)
        errD_fake = criterion(netD(fake.detach()), label)
        errD_fake.backward()
        errD = errD_real + errD_fake
        optimizerD.step()

        # generator
        netG.zero_grad()
        label.fill_(1.0)
        errG = criterion(netD(fake), label)
        errG.backward()
        optimizerG.step()

        losses += [errD.item(), errG.item()]
        print(f"[{epoch}][{i}] Loss_D: {errD.item()!r} Loss_G: {errG.item()!r}")

netG.eval()
with torch.no_grad():
    samples = netG(fixed_noise)

if opt.out is not None:
    from _digest import write_digest

    write_digest(
        opt.out,
        models=[netG, netD],
        optimizers=[optimizerG, optimizerD],
        losses=losses,
        extra={"samples": samples},
    )
