"""What several checks ask of the loss: whether it falls, and by how much."""

import math
from collections.abc import Sequence
from itertools import pairwise

from unstuck.checks._sites import takes_turns
from unstuck.records import Facts
from unstuck.records.loss_calls import LossCall
from unstuck.records.series import finite, last_part, median

Pairs = list[tuple[float, float]]


def losses(facts: Facts) -> Pairs:
    """The finite losses of the training, by step."""
    return finite(facts.loss["values"]) if facts.loss is not None else []


def site(facts: Facts) -> LossCall | None:
    """The line that computes the training loss; None if there is not just one that matters."""
    sites = [each for each in facts.loss_calls or () if each["training"]]
    return max(sites, key=lambda each: each["calls"]) if sites else None


def constant(facts: Facts) -> float | None:
    """The loss of the best constant prediction, where it is the same number as the loss kept."""
    found = site(facts)
    if found is None or found["constant"] is None:
        return None
    level = found["constant"]["loss"]
    pairs, own = losses(facts), dict(finite(found["values"]))
    both = [(own[step], value) for step, value in pairs if step in own]
    same = both and all(abs(a - b) <= 0.01 * abs(a) + 1e-9 for a, b in both)
    return level if same and math.isfinite(level) and level > 0 else None


def level(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of the last third."""
    return median(last_part(pairs, 1 / 3))


def beginning(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of the first steps: at most five, at most a tenth."""
    return median([value for _, value in pairs[: max(1, min(5, len(pairs) // 10))]])


def noise(pairs: Sequence[tuple[float, float]]) -> float:
    """By how much the beginning and the level may differ by chance: two standard errors.

    From the median absolute difference of neighbours, which a trend does not touch; the beginning is
    a median of about five.
    """
    steps = [abs(b[1] - a[1]) for a, b in pairwise(pairs)]
    return 2 * 1.25 * median(steps or [0.0]) / 0.954 / math.sqrt(5)


def fall(pairs: Sequence[tuple[float, float]]) -> float | None:
    """By which share of its start the loss fell; negative if it rose; None if that says nothing."""
    if len(pairs) < 10:
        return None
    start = beginning(pairs)
    return (start - level(pairs)) / start if start > 0 else None


def is_stuck(facts: Facts) -> bool | None:
    """Whether the loss fails to fall: None where it cannot be told.

    Against the best constant prediction where that is known (with the margin of .1: a loss a tenth
    below it has learned something of the input), else against its own start.
    """
    pairs = losses(facts)
    fell = fall(pairs)
    if fell is None or is_moving(facts):
        return None
    known = constant(facts)
    if known is not None:
        return level(pairs) >= 0.9 * known
    return fell < 0.1


def is_moving(facts: Facts) -> bool:
    """Whether the loss may rise in healthy training: targets move, or optimizers take turns."""
    found = site(facts)
    return takes_turns(facts) or (found is not None and found["moving_targets"])


def diverged(facts: Facts) -> bool:
    """Whether the loss became NaN or infinite and stayed so."""
    loss = facts.loss
    return loss is not None and loss["nonfinite_count"] > 0 and not loss["recovered"]
