"""In-place model.compile(backend="aot_eager"), with the loss in a compiled function."""

import argparse
import random

import numpy as np
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
args = parser.parse_args()

torch.set_num_threads(1)
random.seed(15)
np.random.seed(15)
torch.manual_seed(15)

x = torch.randn(128, 6)
y = torch.stack([x[:, 0] * x[:, 1], x[:, 2].cos()], dim=1)

model = nn.Sequential(nn.Linear(6, 32), nn.GELU(), nn.BatchNorm1d(32), nn.Linear(32, 2))
model.compile(backend="aot_eager")
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)


@torch.compile(backend="aot_eager")
def huber(prediction, target, delta=1.0):
    error = (prediction - target).abs()
    quadratic = torch.clamp(error, max=delta)
    return (0.5 * quadratic**2 + delta * (error - quadratic)).mean()


losses = []
for step in range(30):
    batch = torch.randint(0, 128, (32,))
    optimizer.zero_grad()
    loss = huber(model(x[batch]), y[batch])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    print(step, repr(loss.item()))

if args.out:
    from _digest import write_digest

    write_digest(args.out, models=[model], optimizers=[optimizer], losses=losses)
