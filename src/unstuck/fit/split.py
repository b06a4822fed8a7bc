"""Which rows are trained on, which choose, which judge: drawn once, classes alike in each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unstuck.errors import BadData
from unstuck.fit.encoders import Rows

FEWEST = 10
"""Examples below which nothing can be held out."""


@dataclass(frozen=True)
class Split:
    """Numbers of rows: to train on, to choose by (rate, epoch, threshold), and to judge by at the end."""

    training: Rows
    validation: Rows
    test: Rows

    def said(self) -> str:
        """``1078 to train, 359 to choose, 360 to judge``."""
        return "{} to train on, {} to choose by, {} to judge by".format(*self.counts())

    def counts(self) -> tuple[int, int, int]:
        """How many rows are in each part."""
        return len(self.training), len(self.validation), len(self.test)


def split(count: int, strata: NDArray[np.int64] | None, seed: int) -> Split:
    """Three parts of the rows: 70, 15 and 15 %; ``strata`` are class numbers to spread evenly.

    Raises:
        BadData: too few examples.
    """
    if count < FEWEST:
        raise BadData(
            f"{count} examples are too few", f"some must be held out: give at least {FEWEST}"
        )
    held = max(1, round(0.15 * count))
    rest, test = _parted(np.arange(count), strata, held, seed)
    training, validation = _parted(rest, strata, held, seed)
    return Split(training, validation, test)


def _parted(
    rows: Rows, strata: NDArray[np.int64] | None, size: int, seed: int
) -> tuple[Rows, Rows]:
    from sklearn.model_selection import train_test_split

    by = None if strata is None else strata[rows]
    if by is not None and (np.bincount(by)[np.unique(by)].min() < 2 or len(np.unique(by)) > size):
        by = None  # a class with a single example cannot be on both sides
    first, second = train_test_split(rows, test_size=size, random_state=seed % 2**32, stratify=by)
    return np.sort(first), np.sort(second)


def strata_of(targets: Tensor, kind: str) -> NDArray[np.int64] | None:
    """Class numbers of the encoded targets; None where there are no classes."""
    if kind == "multi-class":
        return targets.numpy()
    return targets[:, 0].long().numpy() if kind == "binary" else None
