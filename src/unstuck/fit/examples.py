"""Examples as they were read: inputs, targets, and where each comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unstuck.errors import BadData
from unstuck.fit import limits

Place = Callable[[int], str]

SHOWN = 8
"""Names of a list that are said."""


def row_of(row: int) -> str:
    """As a person counts: ``row 1`` is the first."""
    return f"row {row + 1}"


@dataclass(frozen=True)
class Arrays:
    """Numbers (rows, features) or images (rows, channels, height, width); if mapped, never copied whole."""

    values: NDArray[Any]
    names: tuple[str, ...] = ()
    place: Place = field(default=row_of, compare=False)

    def __len__(self) -> int:
        return len(self.values)

    def named(self, feature: int) -> str:
        """For messages."""
        return self.names[feature] if self.names else f"feature {feature + 1}"


@dataclass(frozen=True)
class Columns:
    """A table with columns of their own kinds: a narwhals DataFrame on polars."""

    frame: Any
    place: Place = field(default=row_of, compare=False)

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class Pictures:
    """Image files, decoded when they are needed."""

    paths: Sequence[Path]

    def __len__(self) -> int:
        return len(self.paths)


Inputs = Arrays | Columns | Pictures


@dataclass(frozen=True)
class Examples:
    """What a reader gives: inputs, with targets unless it shall be predicted for.

    ``targets`` is (rows,) labels, quantities or collections of labels, or (rows, columns).
    ``place`` says where a row stands, for messages: ``row 12``, ``data.csv, line 13``, or a file's
    name. ``notes`` are what the person should know of how the data were read, a line each.
    """

    inputs: Inputs
    source: str
    targets: NDArray[Any] | None = None
    target_names: tuple[str, ...] = ("target",)
    place: Place = row_of
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)


def shortened(names: Sequence[str]) -> str:
    """``a, b``; of many the first 8, ``and 3 more``."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def every(inputs: Inputs) -> NDArray[np.int64]:
    """The numbers of all rows."""
    return np.arange(len(inputs))


def with_targets(examples: Examples) -> Examples:
    """The examples without the rows that have no target; how many these are is said.

    Raises:
        BadData: most have none.
    """
    targets = examples.targets
    if targets is None:
        return examples
    missing = is_missing(targets)
    if not missing.any():
        return examples
    count, first = int(missing.sum()), examples.place(int(missing.argmax()))
    what = f"{count} of {len(missing)} rows have no target, the first is {first}"
    if 2 * count > len(missing):
        raise BadData(f"{examples.source}: {what}", "is it another column? --target COLUMN")
    return _taken(examples, np.flatnonzero(~missing), f"{what}: left out")


def _taken(examples: Examples, rows: NDArray[np.int64], note: str) -> Examples:
    place = examples.place

    def moved(row: int) -> str:
        return place(int(rows[row]))

    assert examples.targets is not None
    return replace(
        examples,
        inputs=_rows(examples.inputs, rows, moved),
        targets=examples.targets[rows],
        place=moved,
        notes=(*examples.notes, note),
    )


def _rows(inputs: Inputs, rows: NDArray[np.int64], place: Place) -> Inputs:
    if isinstance(inputs, Columns):
        return Columns(inputs.frame[rows], place)
    if isinstance(inputs, Pictures):
        return replace(inputs, paths=[inputs.paths[row] for row in rows])
    size = inputs.values.nbytes
    if isinstance(inputs.values, np.memmap) and size > limits.room():
        raise BadData(
            f"rows without a target cannot be left out of a mapped array of {limits.said(size)}",
            "leave them out of the files",
        )
    return replace(inputs, values=inputs.values[rows], place=place)


def is_missing(targets: NDArray[Any]) -> NDArray[np.bool_]:
    """Of each row: whether a target is None or NaN."""
    flat = targets.reshape(len(targets), -1)
    if targets.dtype == object:
        return np.array([any(map(_is_absent, row)) for row in flat])
    # NaN alone differs from itself.
    return np.asarray((flat != flat).any(1))


def _is_absent(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
