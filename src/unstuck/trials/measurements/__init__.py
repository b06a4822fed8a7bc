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

from torch import Tensor

from unstuck.trials.changes._inputs import numbers_in
from unstuck.trials.replay import NotApplicable, Replay

Measurement = Callable[[Replay], None]

LIMIT = 8.0
"""Seconds of one look: a replay that is silent for 20 is taken to hang."""


def inputs_of(replay: Replay) -> list[Tensor]:
    """The tensors of real numbers that the model is called with.

    Raises:
        NotApplicable: there is no model.
    """
    if not replay.models:
        raise NotApplicable("the script calls no torch.nn.Module whose inputs could be seen")
    return list(numbers_in(replay.arguments, replay.keywords).values())


@cache
def all_measurements() -> dict[str, Measurement]:
    """Every public module of this folder defines the one measurement it is named after."""
    folder = str(Path(__file__).parent)
    names = sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_"))
    return {
        name.replace("_", "-"): getattr(importlib.import_module(f"{__name__}.{name}"), name)
        for name in names
    }
