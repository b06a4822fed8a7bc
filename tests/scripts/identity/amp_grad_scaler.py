"""Mixed precision on the CPU: float16 autocast with a gradient scaler."""

import argparse
import random

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
args = parser.parse_args()

random.seed(8)
np.random.seed(8)
torch.manual_seed(8)

x = torch.randn(256, 20)
y = (x @ torch.randn(20, 1)).sin() * 3
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True, num_workers=args.workers)

model = torch.nn.Sequential(
    torch.nn.Linear(20, 64),
    torch.nn.ReLU(),
    torch.nn.Linear(64, 64),
    torch.nn.ReLU(),
    torch.nn.Linear(64, 1),
)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**18, growth_interval=5)
criterion = torch.nn.MSELoss()

losses = []
scales = []
for _ in range(4):
    for inputs, targets in loader:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = criterion(model(inputs), targets)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
        scales.append(scaler.get_scale())
        print(f"{len(losses)} loss {losses[-1]!r} scale {scales[-1]}")

if args.out:
    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"scales": scales, "scaler": scaler.state_dict()},
    )
