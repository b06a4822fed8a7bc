"""The data of the experiments: small, real where possible, and always the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TEST = 597
"""Of the 1797 digits, so that 1200 are left to train on."""


@dataclass(frozen=True)
class Data:
    """Training and test data of several seeds: ``x`` (seeds, rows, ...), ``y`` (seeds, rows)."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor

    @property
    def rows(self) -> int:
        """Training rows of one seed."""
        return self.x.shape[1]


def draws_of(seeds: Sequence[int], first: int = 0) -> list[torch.Generator]:
    """One source of random numbers a seed; another ``first`` makes them independent of others."""
    return [torch.Generator().manual_seed(first + seed) for seed in seeds]


def shuffled(rows: int, seeds: Sequence[int]) -> NDArray[np.int64]:
    """The numbers of the rows in each seed's own order, (seeds, rows)."""
    return np.stack([np.random.default_rng(seed).permutation(rows) for seed in seeds])


def digits(seeds: Sequence[int], train: int | None = None, *, standardised: bool = False) -> Data:
    """The 8x8 grey digits of scikit-learn, each seed with its own split into 1200 and 597 rows.

    Pixels are scaled to [0, 1], or each to mean 0 and deviation 1 of the training rows. ``train``
    keeps that many training rows.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x = torch.tensor(bunch.data / 16, dtype=torch.float32)
    y = torch.tensor(bunch.target)
    orders, split = torch.tensor(shuffled(len(x), seeds)), len(x) - TEST
    fit, held = orders[:, :split][:, :train], orders[:, split:]
    data = Data(x[fit], y[fit], x[held], y[held])
    return _standardised(data) if standardised else data


def _standardised(data: Data) -> Data:
    mean = data.x.mean(1, keepdim=True)
    deviation = data.x.std(1, keepdim=True).clamp_min(1e-2)  # pixels that are always 0 stay 0
    x, test_x = ((each - mean) / deviation for each in (data.x, data.test_x))
    return Data(x, data.y, test_x, data.test_y)
