"""Classification with gradients accumulated over four micro-batches."""

import argparse
import random

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


def get_loader(workers):
    digits = load_digits()
    x = torch.as_tensor(digits.data[:512], dtype=torch.float32).div_(16)
    y = torch.as_tensor(digits.target[:512])
    return DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True, num_workers=workers)


def run(args):
    accumulation_steps = args.accumulation_steps
    model = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(p=0.3), nn.Linear(64, 10), nn.LogSoftmax(dim=-1)
    )
    criterion = nn.NLLLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)

    losses, micro_losses, norms = [], [], []
    running = 0.0
    optimizer.zero_grad()
    for epoch in range(4):
        for i, (x, y) in enumerate(get_loader(args.workers)):
            loss = criterion(model(x), y) / accumulation_steps
            loss.backward()
            micro_losses.append(loss.item())
            running += loss.item()
            if (i + 1) % accumulation_steps == 0:
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
                optimizer.step()
                optimizer.zero_grad()
                norms.append(norm.item())
                losses.append(running)
                print(f"epoch {epoch} update {len(losses)}: loss {running!r}")
                running = 0.0
    return model, optimizer, losses, {"micro_losses": micro_losses, "norms": norms}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out", type=str)
    parser.add_argument("--accumulation-steps", type=int, default=4)
    args = parser.parse_args()

    random.seed(6)
    np.random.seed(6)
    torch.manual_seed(6)
    torch.set_num_threads(1)
    model, optimizer, losses, extra = run(args)

    from _digest import write_digest

    write_digest(args.out, models=[model], optimizers=[optimizer], losses=losses, extra=extra)
