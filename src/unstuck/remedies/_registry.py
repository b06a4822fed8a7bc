"""What a remedy is, and how the remedies of this folder are found."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Breadth = Literal["specific", "learning rate", "panacea", "simplification"]
BREADTHS: tuple[Breadth, ...] = ("specific", "learning rate", "panacea", "simplification")
"""In the order in which they are preferred: what cures many ills says little of this one.

A simplification (a linear model, fresh weights) cures nothing: it is judged by whether it does as well.
"""


@dataclass(frozen=True)
class Remedy:
    """``advice``: at most two sentences. ``code``: the lines a person would write.

    How a replay makes the change stands in ``trials/changes`` under the same name. Where there is no
    such file a replay cannot judge the remedy, and ``judge`` says in a sentence how to.
    """

    advice: str
    code: str
    breadth: Breadth = "specific"
    judge: str = ""


@cache
def all_remedies() -> dict[str, Remedy]:
    """Every public module of this folder defines the one remedy it is named after."""
    folder = str(Path(__file__).parent)
    names = sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_"))
    return {
        name.replace("_", "-"): getattr(importlib.import_module(f"unstuck.remedies.{name}"), name)
        for name in names
    }
