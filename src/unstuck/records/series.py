"""Arithmetic on series of ``[step, value]`` pairs, and a series that never grows too large."""

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median

Pair = Sequence[float]


class BoundedSeries:
    """Keeps at most ``limit`` pairs, evenly spread over all that were added.

    When full, every second pair is dropped and the stride doubles, so that a million steps cost
    the memory of ``limit``. The newest pair is always kept, in addition if need be.
    """

    def __init__(self, limit: int = 2048) -> None:
        self._limit = limit
        self._stride = 1
        self._count = 0
        self._kept: list[list[float]] = []
        self._newest: list[float] | None = None

    def add(self, step: int, value: float) -> None:
        """Add a pair; O(1) on average."""
        self._newest = [step, value]
        if self._count % self._stride == 0:
            self._kept.append(self._newest)
            if len(self._kept) > self._limit:
                self._kept = self._kept[::2]
                self._stride *= 2
        self._count += 1

    def pairs(self) -> list[list[float]]:
        """The kept pairs in the order they were added, the newest last."""
        missing = self._newest is not None and self._newest is not self._kept[-1]
        return self._kept + ([self._newest] if self._newest and missing else [])


def finite(pairs: Iterable[Pair]) -> list[tuple[float, float]]:
    """The pairs whose value is finite."""
    return [(step, value) for step, value in pairs if math.isfinite(value)]


def last_part(pairs: Sequence[Pair], share: float) -> list[float]:
    """The values of the last ``share`` of the pairs, rounded up."""
    count = math.ceil(len(pairs) * share)
    return [value for _, value in pairs[len(pairs) - count :]]


def rise(pairs: Sequence[Pair], factor: float = 3.0) -> float | None:
    """The step from which the series stays above ``factor`` times its median; None if it does not.

    A value that is not finite is above everything.
    """
    if len(pairs) < 3:
        return None
    limit = factor * median(sorted(value for _, value in finite(pairs)) or [math.inf])
    began = None
    for step, value in reversed(pairs):
        if value <= limit:
            break
        began = step
    return began


def falling(pairs: Sequence[Pair], share: float = 0.5) -> float:
    """By how many standard errors the series falls over its last ``share``.

    The slope of a least-squares line over that part divided by the slope's standard error, with
    the sign turned: positive is falling, 0.0 is flat, rising, or too short to say (under 8 pairs).
    """
    count = math.ceil(len(pairs) * share)
    part = pairs[len(pairs) - count :]
    if len(part) < 8:
        return 0.0
    # The result has no unit, and the square of a large loss overflows.
    largest = max(abs(pair[1]) for pair in part) or 1.0
    xs, ys = [pair[0] for pair in part], [pair[1] / largest for pair in part]
    mean_x, mean_y = fmean(xs), fmean(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    if spread == 0:
        return 0.0
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in zip(xs, ys, strict=True)) / (
        len(part) - 2
    )
    if rest <= 0:
        return math.inf if slope < 0 else 0.0
    return max(0.0, -slope / math.sqrt(rest / spread))


__all__ = ["BoundedSeries", "Pair", "falling", "finite", "last_part", "median", "rise"]
