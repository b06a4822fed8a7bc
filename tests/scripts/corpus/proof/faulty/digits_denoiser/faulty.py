import argparse
import csv
import os
import tempfile
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-5)
parser.add_argument("--noise", type=float, default=0.2)
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--out", default=os.path.join(tempfile.gettempdir(), "denoiser_log.csv"))
args = parser.parse_args()
torch.manual_seed(17)

images = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
perm = torch.randperm(len(images))
train, valid = images[perm[:1500]], images[perm[1500:]]
loader = DataLoader(TensorDataset(train), batch_size=50, shuffle=True)


class Denoiser(nn.Module):
    def __init__(self, code=20):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, code))
        self.dec = nn.Sequential(nn.Linear(code, 96), nn.Tanh(), nn.Linear(96, 64), nn.Sigmoid())

    def forward(self, x):
        return self.dec(self.enc(x))


net = Denoiser()
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
bce = nn.BCELoss()
with open(args.out, "w", newline="") as f:
    log = csv.writer(f)
    log.writerow(["epoch", "train", "valid_mse"])
    for epoch in range(args.epochs):
        net.train()
        s = 0.0
        for (clean,) in loader:
            noisy = clean + args.noise * torch.randn_like(clean)
            loss = bce(net(noisy), clean)
            opt.zero_grad()
            loss.backward()
            opt.step()
            s += loss.item()
        net.eval()
        with torch.no_grad():
            v = (net(valid) - valid).pow(2).mean().item()
        log.writerow([epoch, s / len(loader), v])
        print(epoch, f"train {s / len(loader):.4f} valid mse {v:.4f}")
