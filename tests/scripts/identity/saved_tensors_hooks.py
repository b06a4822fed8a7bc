"""Saved activations moved with save_on_cpu, and packed to arrays by saved_tensors_hooks."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.utils.data import DataLoader, TensorDataset

packed = []


def pack(tensor):
    packed.append(tensor.numel())
    return tensor.detach().numpy().copy()


def unpack(array):
    return torch.from_numpy(array)


class Offloaded(nn.Module):
    def __init__(self):
        super().__init__()
        self.lower = nn.Sequential(nn.Linear(64, 32), nn.Sigmoid(), nn.Linear(32, 32))
        self.upper = nn.Sequential(nn.Tanh(), nn.Dropout(0.2), nn.Linear(32, 10))

    def forward(self, x):
        with save_on_cpu():
            x = self.lower(x)
        with saved_tensors_hooks(pack, unpack):
            return self.upper(x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(34)
    np.random.seed(34)
    torch.manual_seed(34)

    digits = load_digits()
    dataset = TensorDataset(
        torch.tensor(digits.data[:300] / 16, dtype=torch.float32),
        torch.tensor(digits.target[:300]),
    )
    loader = DataLoader(dataset, batch_size=30, shuffle=True, num_workers=args.workers)
    model = Offloaded()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.RAdam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            with save_on_cpu(pin_memory=False):
                loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"step {len(losses)} loss {loss.item()!r} packed {len(packed)}")

    from _digest import write_digest

    write_digest(
        args.out, models=[model], optimizers=[optimizer], losses=losses, extra={"packed": packed}
    )


if __name__ == "__main__":
    main()
