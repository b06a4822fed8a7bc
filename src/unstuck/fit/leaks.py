"""What gives the target away: a copy of it among the features, rows that are trained on and judged by."""

from math import prod
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from unstuck.fit.encoders import Rows
from unstuck.fit.examples import Arrays, Columns, Inputs

CELLS = 10_000_000
"""Numbers looked at at most; a copy shows in any rows."""

EQUAL = 1 - 1e-9
"""Correlation from which on two columns of numbers are the same but for their unit."""


def copies(inputs: Inputs, targets: NDArray[Any], rows: Rows) -> tuple[str, ...]:
    """Names of the features that equal the target, whatever they call its values.

    Args:
        inputs: a table or rows of numbers; others have no features.
        targets: (rows,) class numbers, or quantities (rows, 1); of several targets none is asked.
        rows: some that are looked at.
    """
    if len(rows) < 3 or (targets.ndim == 2 and targets.shape[1] > 1):
        return ()
    column = targets.reshape(len(targets))
    if isinstance(inputs, Columns):
        return _of_table(inputs.frame.to_polars(), column, rows)
    if isinstance(inputs, Arrays) and inputs.values.ndim == 2:
        return _of_numbers(inputs, column, rows)
    return ()


def repeated(inputs: Inputs, training: Rows, test: Rows) -> int:
    """How many of the test rows have a training row with equal features."""
    columns = _columns(inputs)
    if not columns or (len(training) + len(test)) * columns > CELLS:
        return 0
    known = set(_hashes(inputs, training))
    return sum(each in known for each in _hashes(inputs, test))


def _columns(inputs: Inputs) -> int:
    """Of a table or of rows of numbers; of images their pixels."""
    if isinstance(inputs, Columns):
        return len(inputs.frame.columns)
    return prod(inputs.values.shape[1:]) if isinstance(inputs, Arrays) else 0


def _hashes(inputs: Any, rows: Rows) -> list[Any]:
    if isinstance(inputs, Columns):
        found: list[Any] = inputs.frame.to_polars()[rows].hash_rows().to_list()
        return found
    return [row.tobytes() for row in np.ascontiguousarray(inputs.values[rows])]


def _of_numbers(inputs: Arrays, targets: NDArray[Any], rows: Rows) -> tuple[str, ...]:
    rows = _some(rows, inputs.values.shape[1])
    values = np.asarray(inputs.values[rows], dtype=np.float64)
    found = _equal(values, targets[rows])
    return tuple(inputs.named(int(feature)) for feature in np.flatnonzero(found))


def _of_table(frame: pl.DataFrame, targets: NDArray[Any], rows: Rows) -> tuple[str, ...]:
    rows = _some(rows, len(frame.columns))
    return tuple(each.name for each in frame[rows] if _equal(_ranked(each), targets[rows])[0])


def _ranked(column: pl.Series) -> NDArray[np.float64]:
    """Numbers as they are, other values by a number each; lists are never used."""
    if column.dtype.is_nested():
        return np.zeros((len(column), 1))
    if column.dtype.is_temporal():
        column = column.to_physical()
    if not column.dtype.is_numeric():
        column = column.cast(pl.String, strict=False).rank("dense")
    return column.cast(pl.Float64).to_numpy().reshape(-1, 1)


def _some(rows: Rows, columns: int) -> Rows:
    return rows[:: max(1, len(rows) * columns // CELLS)]


def _equal(values: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.bool_]:
    """Of each feature (rows, features): whether it and the targets tell the same rows apart."""
    if np.issubdtype(targets.dtype, np.integer):
        return _same_parts(values, targets)
    return _correlated(values, targets.astype(np.float64))


def _same_parts(values: NDArray[np.float64], classes: NDArray[Any]) -> NDArray[np.bool_]:
    groups = [values[classes == each] for each in np.unique(classes)]
    steady = np.array([(each == each[:1]).all(0) for each in groups]).all(0)
    first = np.sort([each[0] for each in groups], axis=0)
    return np.asarray(steady & (np.diff(first, axis=0) > 0).all(0) & (len(groups) > 1))


def _correlated(values: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.bool_]:
    centered = values - values.mean(0)
    other = targets - targets.mean()
    product = np.abs(other @ centered)
    norms = np.linalg.norm(centered, axis=0) * np.linalg.norm(other)
    return np.asarray((norms > 0) & (product > EQUAL * norms))
