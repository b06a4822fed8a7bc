"""Two-layer network from plain tensors, updated by hand without torch.optim."""

import argparse
import random

import numpy as np
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
args, _ = parser.parse_known_args()

random.seed(24)
np.random.seed(24)
torch.manual_seed(24)

n, d_in, hidden, d_out = 64, 20, 24, 3
x = torch.randn(n, d_in)
y = torch.tanh(x @ torch.randn(d_in, d_out))

w1 = (torch.randn(d_in, hidden) / d_in**0.5).requires_grad_()
b1 = torch.zeros(hidden, requires_grad=True)
w2 = (torch.randn(hidden, d_out) / hidden**0.5).requires_grad_()
b2 = torch.zeros(d_out, requires_grad=True)
params = [w1, b1, w2, b2]
lr = 0.1

losses = []
for t in range(40):
    rows = random.sample(range(n), 16)
    h = (x[rows] @ w1 + b1).clamp(min=0)
    y_pred = h @ w2 + b2
    loss = (y_pred - y[rows]).pow(2).mean()
    loss.backward()
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad = None
    losses.append(loss.item())
    print(t, repr(loss.item()))
    if t == 25:
        lr *= 0.5

if args.out:
    from _digest import write_digest

    write_digest(args.out, models=[params], optimizers=[], losses=losses, extra={"lr": lr})
