"""Which rows are trained on, which choose, which judge: drawn once, classes alike in each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unstuck.errors import BadData
from unstuck.fit.encoders import Rows

FEWEST = 10
"""Examples below which nothing can be held out."""


@dataclass(frozen=True)
class Fold:
    """Rows of one training: those it is trained on, and those that choose its rate and epoch."""

    training: Rows
    validation: Rows


@dataclass(frozen=True)
class Split:
    """Numbers of rows: folds to train and choose by, and rows to judge by at the end."""

    folds: tuple[Fold, ...]
    test: Rows

    @cached_property
    def rest(self) -> Rows:
        """All rows but those to judge by."""
        return np.union1d(self.folds[0].training, self.folds[0].validation)

    @property
    def validation(self) -> Rows:
        """The rows to choose by, fold by fold: each was held out from the training of its fold."""
        return np.concatenate([each.validation for each in self.folds])

    def said(self) -> str:
        """``1078 to train on, 359 to choose by, 360 to judge by``, or in how many folds."""
        training, validation, test = self.counts()
        if len(self.folds) == 1:
            return f"{training} to train on, {validation} to choose by, {test} to judge by"
        return (
            f"{training} to train on and choose by in {len(self.folds)} folds, {test} to judge by"
        )

    def counts(self) -> tuple[int, int, int]:
        """How many rows are trained on, choose and judge; in several folds the first two are the same."""
        alone = len(self.folds) == 1
        trained_on = self.folds[0].training if alone else self.rest
        return len(trained_on), len(self.validation), len(self.test)


def held_out(count: int, strata: NDArray[np.int64] | None, seed: int) -> tuple[Rows, Rows]:
    """Most of the rows, and 15 % to judge by; ``strata`` are class numbers to spread evenly.

    Raises:
        BadData: too few examples.
    """
    if count < FEWEST:
        raise BadData(
            f"{count} examples are too few", f"some must be held out: give at least {FEWEST}"
        )
    return _parted(np.arange(count), strata, max(1, round(0.15 * count)), seed)


def folds(
    rest: Rows, strata: NDArray[np.int64] | None, size: int, members: int, seed: int
) -> tuple[Fold, ...]:
    """One fold whose rows to choose by are ``size``, or as many as members, of which each row is in one.

    Raises:
        BadData: fewer rows than members.
    """
    if members == 1:
        return (Fold(*_parted(rest, strata, size, seed)),)
    if members > len(rest):
        raise BadData(f"{len(rest)} rows are too few for {members} members", "members = 1")
    draw = np.random.default_rng(seed).permutation(len(rest))
    dealt = draw if strata is None else draw[np.argsort(strata[rest[draw]], kind="stable")]
    parts = [np.sort(rest[dealt[number::members]]) for number in range(members)]
    return tuple(Fold(np.setdiff1d(rest, part), part) for part in parts)


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
