"""Count the multiply-adds of a training run with a TorchFunctionMode."""

import argparse
import random
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


class OperationCounter(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.calls = Counter()
        self.multiply_adds = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        self.calls[getattr(func, "__name__", type(func).__name__)] += 1
        if func is F.linear:
            self.multiply_adds += args[0].numel() * args[1].shape[0]
        return func(*args, **kwargs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    random.seed(31)
    np.random.seed(31)
    torch.manual_seed(31)

    digits = load_digits()
    dataset = TensorDataset(
        torch.tensor(digits.data[:300] / 16, dtype=torch.float32),
        torch.tensor(digits.target[:300]),
    )
    loader = DataLoader(dataset, batch_size=30, shuffle=True, num_workers=args.workers)
    model = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    counter = OperationCounter()
    losses = []
    for _ in range(3):
        for x, y in loader:
            with counter:
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            losses.append(loss.item())
            print(f"loss {loss.item()!r} multiply-adds {counter.multiply_adds}")

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={
            "multiply_adds": counter.multiply_adds,
            "calls": dict(sorted(counter.calls.items())),
        },
    )


if __name__ == "__main__":
    main()
