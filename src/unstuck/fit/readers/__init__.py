"""Read what a person calls their data: one file a kind, found by name; each says what it takes."""

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from unstuck.errors import BadData
from unstuck.fit.examples import Examples


@dataclass(frozen=True)
class Wish:
    """What the person says of the data: which columns are the targets, the table of labels of a folder."""

    target: tuple[str, ...] = ()
    labels: Path | None = None
    predicting: bool = False
    """No targets are needed."""


def read(data: Any, wish: Wish, y: Any = None) -> Examples:
    """The examples in a file, a folder, a name of scikit-learn's data, or an object; ``y`` their targets.

    Raises:
        BadData: they cannot be read, with file and row.
    """
    data = Path(data) if isinstance(data, str) and _is_path(data) else data
    for module in _readers():
        if module.takes(data):
            found: Examples = module.read(data, wish, y)
            if len(found) == 0:
                raise BadData(f"{found.source}: there are no examples", "give at least some rows")
            return found
    raise BadData(
        _unknown(data), "a table (CSV, Parquet, Arrow), .npy, .npz, a folder of images, or digits"
    )


def _is_path(text: str) -> bool:
    return any(mark in text for mark in "/\\.") or Path(text).exists()


def _readers() -> list[ModuleType]:
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def _unknown(data: Any) -> str:
    if isinstance(data, Path):
        return f"cannot read {data}: " + (
            "its kind is not known" if data.exists() else "there is no such file"
        )
    if isinstance(data, str):
        return f"there is no file or data named {data}"
    return f"cannot train on a {type(data).__name__}"
