"""Stateless training with torch.func: no backward call and no optimizer object."""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad_and_value, vmap

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
args = parser.parse_args()

random.seed(35)
np.random.seed(35)
torch.manual_seed(35)

x = torch.randn(96, 5)
y = (x[:, 0] * x[:, 1] > 0).float()
model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))
params = {name: p.detach().clone() for name, p in model.named_parameters()}


def loss_fn(params, sample, target):
    logit = functional_call(model, params, (sample,)).squeeze(-1)
    return F.binary_cross_entropy_with_logits(logit, target)


per_sample = vmap(grad_and_value(loss_fn), in_dims=(None, 0, 0))

losses = []
for step in range(30):
    batch = torch.randperm(96)[:24]
    grads, values = per_sample(params, x[batch], y[batch])
    # clip each sample's gradient, then take the mean
    norm = torch.sqrt(sum(g.flatten(1).square().sum(1) for g in grads.values()))
    factor = (0.5 / norm).clamp(max=1.0)
    params = {
        name: p - 0.5 * torch.einsum("n,n...->...", factor, grads[name]) / len(batch)
        for name, p in params.items()
    }
    losses.append(values.mean().item())
    print(f"step {step} loss {losses[-1]!r}")

if args.out:
    from _digest import write_digest

    write_digest(args.out, models=[model, params], losses=losses)
