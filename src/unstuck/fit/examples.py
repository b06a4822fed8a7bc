"""Examples as they were read: inputs, targets, and where each comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Arrays:
    """Numbers (rows, features) or images (rows, channels, height, width); if mapped, never copied whole."""

    values: NDArray[Any]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Columns:
    """A table with columns of their own kinds: a narwhals DataFrame."""

    frame: Any

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class Pictures:
    """Image files, decoded when they are needed."""

    paths: Sequence[Path]

    def __len__(self) -> int:
        return len(self.paths)


Inputs = Arrays | Columns | Pictures


def _row(row: int) -> str:
    return f"row {row + 1}"


@dataclass(frozen=True)
class Examples:
    """What a reader gives: inputs, with targets unless it shall be predicted for.

    ``targets`` is (rows,) labels, quantities or collections of labels, or (rows, columns).
    ``place`` says where a row stands, for messages: ``row 12``, or a file's name. ``notes`` are
    what a person should know of how they were read, a line each.
    """

    inputs: Inputs
    source: str
    targets: NDArray[Any] | None = None
    target_names: tuple[str, ...] = ("target",)
    place: Callable[[int], str] = _row
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)


def every(inputs: Inputs) -> NDArray[np.int64]:
    """The numbers of all rows."""
    return np.arange(len(inputs))
