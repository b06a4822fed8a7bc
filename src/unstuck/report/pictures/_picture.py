"""What a picture is, and the colours that all of them use."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeVar

from unstuck.charts import MARK, OTHER
from unstuck.records import Run

T = TypeVar("T")

DASHES = {OTHER: (7, 4), MARK: (2, 3)}

WIDE, NARROW = 640, 300
"""Widths in pixels; the page shows the one that fits, so that the labels stay readable."""

ROWS = 40
"""Layers shown of a deep network; the middle is folded."""


TALL = 320
"""Pixels beyond which a picture is folded unless it is the one of the verdict."""


@dataclass(frozen=True)
class Key:
    """One entry of a picture's key: the mark's shape and colour, and what it stands for."""

    text: str
    color: str = ""
    shape: str = "line"
    dashes: str = ""
    thick: float = 2.0


@dataclass(frozen=True)
class Picture:
    """The same picture in two widths, in words, and its key.

    ``wide`` and ``narrow`` are SVG. Names of the run stand in them only as text that was escaped.
    """

    wide: str
    narrow: str
    description: str
    keys: tuple[Key, ...] = ()

    @property
    def tall(self) -> bool:
        """Whether it would push what follows off the screen."""
        height = re.search(r' height="(\d+)', self.wide)
        return height is not None and int(height.group(1)) > TALL


def dashed(color: str) -> str:
    """The dashes of a line of that colour, as SVG has them."""
    return " ".join(str(length) for length in DASHES.get(color, ()))


def middle_folded(rows: Sequence[T], limit: int = ROWS) -> tuple[list[T], int, int]:
    """The first and the last rows, where the fold is among them, and how many it hides."""
    if len(rows) <= limit:
        return list(rows), len(rows), 0
    half = limit // 2
    return [*rows[:half], *rows[half - limit :]], half, len(rows) - limit


def named(run: Run) -> frozenset[str]:
    """Every string in the evidence of the worst finding: the places that a picture marks."""
    return frozenset(_strings(run.findings[0].evidence if run.findings else {}))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def labels(names: Sequence[str], limit: int) -> list[str]:
    """The names, short enough and still told apart.

    If one is too long, all lose the parts with which all begin; what is still too long loses its middle.
    """
    short = list(names)
    if any(len(name) > limit for name in names) and len(set(names)) > 1:
        parts = [name.split(".") for name in names]
        columns = zip(*(each[:-1] for each in parts), strict=False)
        shared = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
        short = [".".join(each[shared:]) for each in parts]
    return [cut(name, limit) for name in short]


def cut(text: str, limit: int) -> str:
    """A name without its middle, if it is too long."""
    text = text or "(no name)"
    if len(text) <= limit:
        return text
    start = (limit - 3) // 2
    return f"{text[:start]}...{text[start + 3 - limit :]}"


def told_apart(names: Iterable[str]) -> list[str]:
    """The names, numbered where one comes again."""
    seen: dict[str, int] = {}
    apart = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        apart.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return apart
