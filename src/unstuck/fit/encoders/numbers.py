"""Arrays of numbers: each feature standardised by the training rows; what is missing is said in a feature."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unstuck.errors import BadData
from unstuck.fit import objects
from unstuck.fit.encoders import Rows, Shape
from unstuck.fit.examples import Arrays

MOST_ROWS, MOST_CELLS = 100_000, 20_000_000
"""That means and deviations are taken of; ten times as many would not change their third digit."""

MOST_SORTED = 10_000
"""Rows that limits are taken of, which need not be exact."""

EDGE = 0.005
FAR = 1.0
"""Values farther out than the innermost 99 %, by more than the width of these, are cut to there,
before means and deviations are taken: a broken value shall not flatten all the others, and of what
is not broken hardly anything lies so far out (of a normal feature: what is beyond 7.7 deviations)."""

MOST_SIZE = 1e100
"""Of a number; the squares of larger ones overflow."""

FARTHEST = 20.0
"""Deviations: one broken value shall not be a thousand times any other."""


@dataclass(frozen=True)
class Numbers:
    """Of each feature mean, deviation and limits; and which were missing in some training rows."""

    center: tuple[float, ...]
    scale: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    missing: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """All features, and one for each that may be missing."""
        return Shape(numbers=len(self.center) + len(self.missing))

    def encoded(self, inputs: Any, rows: Rows) -> tuple[Tensor, ...]:
        """(rows, numbers): standardised, what is missing as the mean, then 1 where it was missing.

        Raises:
            BadData: another number of features than in training, or an infinite value.
        """
        return (self.standardised(_values(inputs, rows, len(self.center))),)

    def standardised(self, values: NDArray[np.float64]) -> Tensor:
        """As ``encoded``, of finite values or NaN (rows, features)."""
        absent = np.isnan(values)
        within = values.clip(self.low, self.high)
        scaled = (within - np.array(self.center)) / np.array(self.scale)
        scaled = np.where(absent, 0, scaled.clip(-FARTHEST, FARTHEST))
        found = np.concatenate([scaled, absent[:, list(self.missing)]], 1)
        return torch.tensor(found, dtype=torch.float32)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def fitted(inputs: Arrays, rows: Rows) -> Numbers:
    """Means and deviations over the training rows."""
    features = int(inputs.values.shape[1])
    return standard(_values(inputs, some(rows, features), features))


def some(rows: Rows, features: int) -> Rows:
    """As many of the rows, evenly, as are enough to learn means and deviations from."""
    most = min(MOST_ROWS, max(1, MOST_CELLS // max(1, features)))
    return rows[:: -(-len(rows) // most)]


def standard(values: NDArray[np.float64]) -> Numbers:
    """What standardises these values (rows, features); those missing are NaN."""
    low, high = _limits(values)
    absent = np.isnan(values)
    known = np.maximum((~absent).sum(0), 1)
    within = np.where(absent, 0, values.clip(low, high))
    center = within.sum(0) / known
    spread = np.sqrt((np.where(absent, 0, within - center) ** 2).sum(0) / known)
    scale = np.where(spread > 1e-12 * np.abs(center).clip(1e-300), spread, 1.0)
    missing = tuple(np.flatnonzero(absent.any(0)).tolist())
    first, second, third, fourth = (tuple(each.tolist()) for each in (center, scale, low, high))
    return Numbers(first, second, third, fourth, missing)


def from_plain(record: dict[str, Any]) -> Numbers:
    """What ``plain`` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not write this.
    """
    found: Numbers = objects.again(Numbers, record)
    features = len(found.center)
    if not len(found.scale) == len(found.low) == len(found.high) == features:
        raise ValueError("it is not said how each feature is standardised")
    if not all(0 <= each < features for each in found.missing) or 0 in found.scale:
        raise ValueError("a feature cannot be standardised")
    return found


def _limits(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the innermost 99 % are of one value, there are none: the others are what tells."""
    ordered = np.sort(values[:: -(-len(values) // MOST_SORTED)], axis=0)  # NaN comes last
    known = np.maximum((~np.isnan(ordered)).sum(0), 1) - 1
    # Between two values the one farther in, else a broken one counts a little.
    places = np.stack([np.ceil(EDGE * known), np.floor((1 - EDGE) * known)]).astype(int)
    first, last = np.nan_to_num(np.take_along_axis(ordered, places, 0)).clip(-MOST_SIZE, MOST_SIZE)
    room = FAR * (last - first)
    wide = room > 0
    return np.where(wide, first - room, -MOST_SIZE), np.where(wide, last + room, MOST_SIZE)


def _values(inputs: Any, rows: Rows, features: int) -> NDArray[np.float64]:
    if not isinstance(inputs, Arrays) or inputs.values.ndim != 2:
        raise BadData("the model was trained on rows of numbers", "give an array of 2 dimensions")
    if inputs.values.shape[1] != features:
        raise BadData(
            f"the examples have {inputs.values.shape[1]} features, the training had {features}",
            "give the features of the training, in their order",
        )
    values = np.asarray(inputs.values[rows], dtype=np.float64)
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, feature = infinite[0]
        raise BadData(
            f"{inputs.place(int(rows[row]))}, {inputs.named(feature)}: the value is infinite",
            "leave it empty (NaN) if it is not known",
        )
    return values
