"""Arrays of numbers: each feature standardised by the training rows; what is missing is said in a feature."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unstuck.errors import BadData
from unstuck.fit.encoders import Rows, Shape
from unstuck.fit.examples import Arrays

MOST = 100_000
"""Rows that means and deviations are taken of; a million more would not change their third digit."""

FARTHEST = 20.0
"""Deviations: one broken value shall not be a thousand times any other."""


@dataclass(frozen=True)
class Numbers:
    """Means and deviations of the features, and which were missing in some training rows."""

    center: tuple[float, ...]
    scale: tuple[float, ...]
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
        values = _numbers(inputs, rows)
        if values.shape[1] != len(self.center):
            raise BadData(
                f"the examples have {values.shape[1]} features, the training had {len(self.center)}",
                "give the features of the training, in their order",
            )
        absent = np.isnan(values)
        scaled = (values - np.array(self.center)) / np.array(self.scale)
        scaled = np.where(absent, 0, scaled.clip(-FARTHEST, FARTHEST))
        found = np.concatenate([scaled, absent[:, list(self.missing)]], 1)
        return (torch.tensor(found, dtype=torch.float32),)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def fitted(inputs: Arrays, rows: Rows) -> Numbers:
    """Means and deviations over the training rows."""
    values = _numbers(inputs, rows[:: max(1, len(rows) // MOST)])
    absent = np.isnan(values)
    known = np.maximum((~absent).sum(0), 1)
    center = np.where(absent, 0, values).sum(0) / known
    spread = np.sqrt(np.where(absent, 0, values - center).__pow__(2).sum(0) / known)
    scale = np.where(spread > 1e-12 * np.abs(center).clip(1), spread, 1.0)
    missing = tuple(np.flatnonzero(absent.any(0)).tolist())
    return Numbers(tuple(center.tolist()), tuple(scale.tolist()), missing)


def from_plain(record: dict[str, Any]) -> Numbers:
    """What ``plain`` wrote."""
    return Numbers(**{name: tuple(values) for name, values in record.items()})


def _numbers(inputs: Arrays, rows: Rows) -> NDArray[np.float64]:
    values = np.asarray(inputs.values[rows], dtype=np.float64)
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, feature = infinite[0]
        raise BadData(
            f"row {rows[row] + 1}, {_named(inputs, feature)}: the value is infinite",
            "leave it empty (NaN) if it is not known",
        )
    return values


def _named(inputs: Arrays, feature: int) -> str:
    return inputs.names[feature] if inputs.names else f"feature {feature + 1}"
