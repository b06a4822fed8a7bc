"""Autoencoder with a classification head; both losses are taken from torch.nn.functional."""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"

import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_wine
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out", default=None)
args = parser.parse_args()

random.seed(1)
np.random.seed(1)
torch.manual_seed(1)

wine = load_wine()
features = (wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0)
features = features + 0.05 * np.random.randn(*features.shape)
X = torch.from_numpy(features.astype("float32"))
y = torch.from_numpy(wine.target).long()
loader = DataLoader(
    TensorDataset(X, y), batch_size=32, shuffle=True, drop_last=True, num_workers=args.workers
)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(13, 8)
        self.decoder = nn.Linear(8, 13)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        code = F.gelu(self.encoder(x))
        code = F.dropout(code, 0.1, self.training)
        return self.decoder(code), self.head(code)


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
history = []
for _ in range(6):
    for xb, yb in loader:
        reconstruction, logits = net(xb)
        loss = F.cross_entropy(logits, yb, label_smoothing=0.05) + 0.5 * mse_loss(
            reconstruction, xb
        )
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        history.append(loss.item())
        print("loss", repr(history[-1]))

if args.out:
    from _digest import write_digest

    write_digest(args.out, models=[net], optimizers=[opt], losses=history)
