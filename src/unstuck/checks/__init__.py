"""One file a check: a pure function from facts to findings. No list to edit, no torch."""

from unstuck.checks._diagnosis import Survive, diagnose, diagnosed
from unstuck.checks._registry import Check, NotChecked, all_checks, check, experiments

__all__ = [
    "Check",
    "NotChecked",
    "Survive",
    "all_checks",
    "check",
    "diagnose",
    "diagnosed",
    "experiments",
]
