"""Fine-tune a traced convolutional feature extractor under an ordinary head."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

torch.set_num_threads(1)
parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
args = parser.parse_args()

random.seed(27)
np.random.seed(27)
torch.manual_seed(27)

digits = load_digits(n_class=5)
images = torch.tensor(digits.images[:256, None] / 16, dtype=torch.float32)
labels = torch.tensor(digits.target[:256])

backbone = nn.Sequential(
    nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 16)
)
traced = torch.jit.trace(backbone, images[:4])
model = nn.Sequential(traced, nn.ReLU(), nn.Linear(16, 5))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.8)
loss_function = nn.MultiMarginLoss()

losses = []
for step in range(32):
    index = np.random.choice(256, size=32, replace=False)
    optimizer.zero_grad()
    loss = loss_function(model(images[index]), labels[index])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    print(f"{step} {loss.item()!r}")

if args.out:
    from _digest import write_digest

    write_digest(
        args.out,
        models=[model, backbone],
        optimizers=[optimizer],
        losses=losses,
        extra={"graph": str(traced.code)},
    )
