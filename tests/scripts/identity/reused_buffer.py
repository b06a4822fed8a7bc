"""Preallocated input and target buffers that every batch is copied into."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
args = parser.parse_args()

torch.set_num_threads(1)
random.seed(23)
np.random.seed(23)
torch.manual_seed(23)

BATCH = 32
digits = load_digits()
pixels = torch.tensor(digits.data[:320] / 16, dtype=torch.float32)
labels = torch.tensor(digits.target[:320])
loader = DataLoader(
    TensorDataset(pixels, labels), batch_size=BATCH, shuffle=True, num_workers=args.workers
)

static_input = torch.zeros(BATCH, 64)
static_target = torch.zeros(BATCH, dtype=torch.long)
static_output = torch.empty(BATCH, 10)
loss_buffer = torch.zeros(30)

model = nn.Sequential(nn.Linear(64, 32), nn.Hardswish(inplace=True), nn.Linear(32, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)

step = 0
for _ in range(3):
    for x, y in loader:
        static_input.copy_(x)
        static_target.copy_(y)
        optimizer.zero_grad(set_to_none=False)
        logits = model(static_input)
        loss = criterion(logits, static_target)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            static_output.copy_(logits)
            loss_buffer[step].copy_(loss)
            static_input.zero_()
        step += 1

losses = loss_buffer.tolist()
for step, loss in enumerate(losses):
    print(f"step {step} loss {loss!r}")

if args.out:
    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra=[static_input, static_target, static_output],
    )
