"""What the experiments share: numbers for several seeds, predictions, verdicts."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Word = Literal["supported", "refuted", "inconclusive", "illustrated"]

SEEDS = 5
"""Of one proof, unless it is asked for others."""

FEWEST = 3
"""Seeds below which nothing is said: the spread of two is no spread."""

CONFIDENCE = 0.95


Say = Callable[[str, float], None]
"""Hears what is being trained, and which share of it is done."""


def silent(doing: str, share: float) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Prediction:
    """What an experiment is expected to show, written in its file.

    The mean of ``number`` over the seeds lies between ``low`` and ``high``. ``claim`` counts the
    popular claims of the page from 1; None for a statement of the answer that nobody disputes by a
    claim. ``limit`` says why a small experiment cannot settle the claim: it only illustrates it.
    ``share``: it is a part of a whole, such as an accuracy, and lies between 0 and 1.
    """

    says: str
    number: str
    low: float = -math.inf
    high: float = math.inf
    claim: int | None = None
    limit: str = ""
    share: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high or (math.isinf(self.low) and math.isinf(self.high)):
            raise ValueError(f"{self.number}: between {self.low} and {self.high} says nothing")

    @property
    def bounds(self) -> str:
        """``at least 0.9``, ``at most 0.1``, ``0.7 to 1.4``, or ``0``."""
        if math.isinf(self.high):
            return f"at least {self.low:g}"
        if math.isinf(self.low):
            return f"at most {self.high:g}"
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Measured:
    """What an experiment saw: for every number one value a seed, and the data of its picture."""

    numbers: Mapping[str, Sequence[float]]
    series: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lab:
    """What an experiment is given: its seeds, and a way to tell how far it is."""

    seeds: tuple[int, ...]
    say: Say = silent

    def track(self, items: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:
        """The items one by one, telling which share is done; ``total`` if they have no length."""
        length = len(items) if isinstance(items, Sized) else total or 0
        self.say(doing, 0.0)
        for done, item in enumerate(items, start=1):
            yield item
            self.say(doing, done / max(1, length))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % confidence interval of the mean, by Student's t; of fewer than 2 values everything."""
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return -math.inf, math.inf
    from scipy.stats import t  # beside scikit-learn, from where the data come

    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * stdev(values)
    half /= math.sqrt(len(values))
    mean = fmean(values)
    return mean - half, mean + half


def verdict(prediction: Prediction, values: Sequence[float]) -> Word:
    """What the values say of the prediction.

    Supported: the whole interval lies within the bounds. Refuted: all of it lies outside, on one
    side. Inconclusive: it holds a bound, or there are fewer than 3 seeds.
    """
    low, high = interval(values)
    if len(values) < FEWEST or math.isinf(low):
        return "inconclusive"
    if prediction.low <= low and high <= prediction.high:
        return "illustrated" if prediction.limit else "supported"
    if high < prediction.low or low > prediction.high:
        return "refuted"
    return "inconclusive"
