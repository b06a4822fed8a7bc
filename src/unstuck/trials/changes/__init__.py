"""One file a change: what a replay does differently. Found by name, no list.

Each public module defines the one function it is named after. It is given the replay, changes the live
objects of that process (which is thrown away afterwards), and returns the change in words; it raises
:class:`~unstuck.trials.replay.NotApplicable` where there is nothing to change. A change with the name of
a remedy is how that remedy is tried; the others are experiments that checks ask for.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from unstuck.trials.replay import NotApplicable, Replay

Change = Callable[[Replay], str]


@cache
def all_changes() -> dict[str, Change]:
    """Every public module of this folder defines the one change it is named after."""
    folder = str(Path(__file__).parent)
    names = sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_"))
    return {
        name.replace("_", "-"): _once(
            getattr(importlib.import_module(f"unstuck.trials.changes.{name}"), name)
        )
        for name in names
    }


def _once(change: Change) -> Change:
    """The same change, which a replay makes once: twice would be another one."""

    @functools.wraps(change)
    def applied(replay: Replay) -> str:
        if change.__name__ in replay.made:
            raise NotApplicable("it was made already")
        words = change(replay)
        replay.made.add(change.__name__)
        return words

    return applied
