"""Trackers that Accelerate knows, such as TensorBoard, by name."""

from collections.abc import Iterable
from typing import Any

from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

from unstuck.errors import UsageError


def checked(trackers: Iterable[Any]) -> list[Any]:
    """Names and trackers, none of them unknown or not installed: Accelerate itself says nothing of it.

    Raises:
        UsageError: one is, with its name.
    """
    known = sorted(map(str, LOGGER_TYPE_TO_CLASS))
    there = set(map(str, get_available_trackers()))
    for name in (each for each in trackers if isinstance(each, str)):
        if name not in known:
            raise UsageError(f"there is no tracker {name}", f"there are {', '.join(known)}")
        if name not in there:
            raise UsageError(f"the tracker {name} is not installed", f"pip install {name}")
    return list(trackers)
