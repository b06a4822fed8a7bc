"""Accelerate for the device at hand, its processes, and the trackers that it knows."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
from torch import nn

from unstuck.errors import UsageError

SMALL = 100_000
"""Parameters of a fully connected net whose step takes about a millisecond."""


@contextmanager
def threads_for(model: nn.Module, *, images: bool) -> Iterator[None]:
    """One thread for a small net of a table: several would wait for each other more than they work.

    Of two cores one had other work: a fit of the digits took 265 seconds on two threads, 36 on one.
    """
    before = torch.get_num_threads()
    is_small = not images and sum(each.numel() for each in model.parameters()) < SMALL
    torch.set_num_threads(1 if is_small else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def has_bfloat16() -> bool:
    """Whether there is a GPU that computes in bfloat16 itself: an emulated one is slower than float32."""
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)


def accelerator(precision: str, trackers: Iterable[Any], logs: Path | None) -> Accelerator:
    """Of the device at hand.

    Raises:
        UsageError: it cannot compute in that precision, or there is no such tracker.
    """
    word = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[precision]
    # Otherwise a second training in this process had to be of the same precision.
    if AcceleratorState._shared_state.get("_mixed_precision", word) != word:
        AcceleratorState._reset_state()
    found = Accelerator(
        mixed_precision=word,
        # Processes on CPUs find each other only when told that they are.
        cpu="LOCAL_RANK" in os.environ and not torch.accelerator.is_available(),
        log_with=_checked(trackers) or None,
        project_dir=logs or Path("logs"),  # some trackers want one, and none is made without them
    )
    if precision == "float16" and found.scaler is None:
        raise UsageError(f"{found.device.type} cannot train in float16", "precision = float32")
    return found


def _checked(trackers: Iterable[Any]) -> list[Any]:
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
