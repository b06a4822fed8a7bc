"""Read what a person calls their data: one file a kind, found by name; each says what it takes."""

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from unstuck.errors import BadData
from unstuck.fit import limits
from unstuck.fit.examples import Examples, with_targets

_HINTS = {
    "a pickle can run code when it is opened: save the data as Parquet or .npz": (
        ".pkl", ".pickle", ".pt", ".pth", ".joblib",
    ),
    "save the sheet as CSV": (".xlsx", ".xls", ".ods"),
    "unpack it first": (".gz", ".zip", ".bz2", ".xz", ".zst", ".tar", ".7z", ".rar"),
}  # fmt: skip
_KINDS = "a table (CSV, Parquet, Arrow), .npy, .npz, a folder of images, or digits"


@dataclass(frozen=True)
class Wish:
    """What the person says of the data.

    ``target`` names the columns to predict; ``labels`` is the file with the targets of a folder or
    of an array; ``kind`` is the task, if they say it.
    """

    target: tuple[str, ...] = ()
    labels: Path | None = None
    predicting: bool = False
    """No targets are needed."""
    kind: str | None = None


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
            return found if wish.predicting else with_targets(found)
    raise _unknown(data)


def _is_path(text: str) -> bool:
    return any(mark in text for mark in "/\\.") or Path(text).exists()


def _readers() -> list[ModuleType]:
    names = sorted(each.name for each in pkgutil.iter_modules(__path__) if each.name[0] != "_")
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def _unknown(data: Any) -> BadData:
    if isinstance(data, Path):
        limits.beginning(data)
        hints = [hint for hint, endings in _HINTS.items() if data.suffix.lower() in endings]
        return BadData(f"cannot read {data}: its kind is not known", hints[0] if hints else _KINDS)
    if isinstance(data, str):
        return BadData(f"there is no file or data named {data}", _KINDS)
    return BadData(f"cannot train on a {type(data).__name__}", "give an array, a frame or a list")
