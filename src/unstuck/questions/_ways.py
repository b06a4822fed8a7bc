"""The usual ways of setting the learning rate, each tried on replays of a person's run."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from unstuck.questions._arms import not_replayed
from unstuck.records.series import finite, last_part

WAYS = ("cosine-decay", "step-decay", "warm-up", "matched-momentum", "other-optimizer")

END = 0.2
"""The last fifth of the steps is what a loss is judged by."""

_SAME = "within the spread"

Ends = list[float]
"""The loss at the end, one a seed; infinite where it diverged."""


def on(facts: Any) -> Iterator[str]:
    """A line a way: the loss at the end, its spread, and whether it says anything."""
    trials = facts.trials
    arms = {arm["name"]: arm for arm in (trials or {}).get("arms", ())}
    if "unchanged" not in arms:
        yield from not_replayed(facts, "the ways of setting the rate were")
        return
    here, noise = _ends(arms["unchanged"]), _noise(arms)
    rows, untried = [_Row("as it is", here)], dict[str, list[str]]()
    for name in WAYS:
        why = _untried(arms.get(name))
        if why is None:
            rows.append(_tried(arms[name], here, noise or 0.0))
        else:
            untried.setdefault(why, []).append(name)
    yield (
        f"training loss at the end of {trials['steps']} steps (mean of the last fifth; by seed, lowest to "
        "highest):"
    )
    yield from _table(rows)
    for why, names in untried.items():
        yield f"{', '.join(names)} not tried: {why}"
    if noise is not None:
        yield (
            f"what should not matter (3 % more rate) moves this loss by up to {noise:.2g}: smaller "
            "differences say nothing"
        )
    if len(rows) > 1:
        yield "so short a run favours haste, not what is best in the end"


@dataclass(frozen=True)
class _Row:
    """A way, its losses, and whether they say anything."""

    way: str
    ends: Ends
    verdict: str = ""

    def cells(self, digits: int) -> tuple[str, str]:
        """The mean, and what it is the mean of."""
        known = [end for end in self.ends if math.isfinite(end)]
        if not known:
            return "", "not finite"
        low, mean, high = (_text(each, digits) for each in (min(known), fmean(known), max(known)))
        return mean, f"{low} to {high}" if len(known) > 1 else "1 seed"


def _text(loss: float, digits: int) -> str:
    return f"{loss:#.{digits}g}".rstrip(".")


def _untried(arm: Any) -> str | None:
    """Why a way has no losses; None if it was tried."""
    stopped: str = (arm and arm["stopped"]) or "not within the budget"
    tried = arm is not None and arm["steps"] and not stopped.startswith("failed")
    return None if tried else stopped


def _tried(arm: Any, here: Ends, noise: float) -> _Row:
    way, _, _ = arm["change"].replace("learning rate", "rate").partition(" instead of ")
    ends = _ends(arm)
    return _Row(way or arm["name"], ends, _verdict(here, ends, noise))


def _table(rows: Sequence[_Row]) -> Iterator[str]:
    """The rows below a sentence, in columns as wide as they need."""
    digits = _digits(rows)
    cells = [(row.way, *row.cells(digits), row.verdict) for row in rows]
    ways, means, spreads, _ = (max(map(len, column)) for column in zip(*cells, strict=True))
    for way, mean, spread, verdict in cells:
        yield f"  {way:<{ways}}  {mean:>{means}}  {spread:<{spreads}}  {verdict}".rstrip()


def _digits(rows: Sequence[_Row]) -> int:
    """As many that no mean that is lower or higher looks like the first one; at most 6."""
    here, *others = rows
    apart = [row for row in others if row.verdict != _SAME]
    for digits in range(3, 6):
        mean, _ = here.cells(digits)
        if all(row.cells(digits)[0] != mean for row in apart):
            return digits
    return 6


def _ends(arm: Any) -> Ends:
    return [_end(losses, arm["steps"]) for losses in arm["losses"]]


def _end(losses: Sequence[Sequence[float]], steps: int) -> float:
    known = finite(losses)
    if not known or known[-1][0] < 0.9 * (steps - 1):
        return math.inf
    return fmean(last_part(known, END))


def _noise(arms: Any) -> float | None:
    """The largest distance with a seed that a change makes which should not matter; None without one."""
    sham = _ends(arms["sham"]) if "sham" in arms else []
    return max(map(abs, _gains(_ends(arms["unchanged"]), sham)), default=None)


def _gains(before: Ends, after: Ends) -> list[float]:
    """By how much the loss ends lower, seed by seed."""
    return [b - a for b, a in zip(before, after, strict=False) if math.isfinite(b - a)]


def _verdict(before: Ends, after: Ends, noise: float) -> str:
    if any(map(math.isinf, after)):
        return "diverges"
    gains = _gains(before, after)
    if not gains or abs(fmean(gains)) <= noise or min(gains) < 0 < max(gains):
        return _SAME
    seeds = f" with all {len(gains)}" if len(gains) > 1 else ""
    return ("lower" if gains[0] > 0 else "higher") + seeds
