"""One file a measurement: what is read off a replay that goes as the run went. Found by name, no list.

Each public module defines the one function it is named after. It is given the replay at its first forward,
and asks it to be called before backward passes or after the last step; then it writes plain numbers to
``replay.measured``. Where there is nothing to measure it raises
:class:`~unstuck.trials.replay.NotApplicable`. Nothing needs to be put back, as the process is thrown away,
but no look may take longer than ``LIMIT``.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from unstuck.trials.replay import Replay

Measurement = Callable[[Replay], None]

LIMIT = 8.0
"""Seconds of one look: a replay that is silent for 20 is taken to hang."""


@cache
def all_measurements() -> dict[str, Measurement]:
    """Every public module of this folder defines the one measurement it is named after."""
    folder = str(Path(__file__).parent)
    names = sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_"))
    return {
        name.replace("_", "-"): getattr(importlib.import_module(f"{__name__}.{name}"), name)
        for name in names
    }
