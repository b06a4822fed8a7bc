"""What a person's network makes of images that are shifted by a few pixels."""

import math
from collections.abc import Iterator
from statistics import fmean
from typing import Any

from unstuck.questions._arms import measured, not_measured

DIRECTIONS = 4


def on(facts: Any) -> Iterator[str]:
    """The accuracy by shift, and whether odd shifts cost more than even ones."""
    numbers = measured(facts, "shifts")
    if numbers is None:
        yield from not_measured(facts, "shifts", "what shifted images do was")
        return
    measure, classes = numbers["measure"], numbers["measure"] == "accuracy"
    yield (
        f"{numbers['images']} {numbers['on']} images after {facts.trials['steps']} steps, each shifted in "
        f"{DIRECTIONS} directions: {measure} {numbers['still']:.3f} where they are"
    )
    for shift in numbers["shifts"]:
        changed = f", {shift['changed']:.0%} of the predictions change" if classes else ""
        yield f"shifted by {_pixels([shift['by']])}: {measure} {shift['reached']:.3f}{changed}"
    if classes:
        yield from _odd(numbers)


def _odd(numbers: Any) -> Iterator[str]:
    """A stride samples every second place: then a shift by one is another image, by two the same."""
    odd, even = ([s for s in numbers["shifts"] if s["by"] % 2 == one] for one in (1, 0))
    lost, kept = (fmean(s["changed"] for s in part) for part in (odd, even))
    # Of as many images, whatever the directions: those of one image are alike.
    error = math.sqrt((lost * (1 - lost) + kept * (1 - kept)) / numbers["images"])
    if lost - kept > 2 * error:
        yield (
            f"shifts by {_pixels([s['by'] for s in odd])} change more predictions than those by "
            f"{_pixels([s['by'] for s in even])} ({lost:.0%} and {kept:.0%}): a stride does that"
        )


def _pixels(by: list[int]) -> str:
    return f"{' and '.join(map(str, by))} pixel{'s' * (by != [1])}"
