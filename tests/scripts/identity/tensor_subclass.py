"""Tensor subclass that carries a unit through the computation and records the operations."""

import argparse
import random
from collections import Counter
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate


class UnitTensor(torch.Tensor):
    """A tensor with a physical unit; results inherit the unit of the first such argument."""

    calls: ClassVar[Counter] = Counter()
    unit = None

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls[getattr(func, "__name__", str(func))] += 1
        result = super().__torch_function__(func, types, args, kwargs or {})
        if isinstance(result, UnitTensor) and result.unit is None:
            units = [a.unit for a in args if isinstance(a, UnitTensor)]
            result.unit = units[0] if units else None
        return result


def with_unit(tensor, unit):
    tensor = tensor.as_subclass(UnitTensor)
    tensor.unit = unit
    return tensor


class Pendulum(Dataset):
    def __init__(self, size):
        rng = np.random.default_rng(30)
        self.length = rng.uniform(0.1, 2.0, size).astype(np.float32)

    def __len__(self):
        return len(self.length)

    def __getitem__(self, i):
        length = torch.tensor([self.length[i]])
        return length, 2 * torch.pi * torch.sqrt(length / 9.81)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(30)
    np.random.seed(30)
    torch.manual_seed(30)

    loader = DataLoader(
        Pendulum(160),
        batch_size=16,
        shuffle=True,
        num_workers=args.workers,
        collate_fn=default_collate,
    )
    model = nn.Sequential(nn.Linear(1, 16), nn.Mish(), nn.Linear(16, 1))
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(3):
        for length, period in loader:
            length = with_unit(length, "m")
            period = with_unit(period, "s")
            prediction = model(length)
            prediction.unit = "s"
            loss = criterion(prediction, period)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            assert type(loss) is UnitTensor and loss.unit == "s"
            losses.append(loss.item())
            print(f"loss {losses[-1]!r} {loss.unit}")

    from _digest import write_digest

    calls = dict(sorted(UnitTensor.calls.items()))
    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"prediction": prediction, "calls": calls},
    )


if __name__ == "__main__":
    main()
