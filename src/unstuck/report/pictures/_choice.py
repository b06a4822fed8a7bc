"""Which pictures a run has, and which of them shows its worst finding."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from unstuck.records import Finding, Run
from unstuck.report.harmless import DAMAGE
from unstuck.report.pictures._picture import Picture


class Kind(Protocol):
    """A module of this folder."""

    TITLE: str

    def closeness(self, finding: Finding) -> int:
        """How well it shows the finding."""

    def draw(self, run: Run) -> Picture | None:
        """The picture, None when there is nothing to show."""


@dataclass(frozen=True)
class Shown:
    """A picture with its name and title."""

    name: str
    title: str
    picture: Picture


@cache
def all_pictures() -> dict[str, Kind]:
    """Every public module of this folder."""
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = {
        name: importlib.import_module(f"unstuck.report.pictures.{name}")
        for name in names
        if not name.startswith("_")
    }
    return {name: cast(Kind, module) for name, module in modules.items()}


def shown(run: Run) -> tuple[Shown | None, list[Shown]]:
    """The picture that shows the worst finding best, and the others by their titles."""
    kinds = all_pictures()
    drawn = [
        Shown(name, kind.TITLE, picture)
        for name, kind in kinds.items()
        if (picture := _drawn(kind, run)) is not None
    ]
    worst = run.findings[0] if run.findings else Finding("")
    drawn.sort(key=lambda each: (-kinds[each.name].closeness(worst), each.title))
    main = next((each for each in drawn if kinds[each.name].closeness(worst)), None)
    return main, [each for each in drawn if each is not main]


def _drawn(kind: Kind, run: Run) -> Picture | None:
    """A recording may be damaged: that costs its picture, not the page."""
    try:
        return kind.draw(run)
    except DAMAGE:
        return None
