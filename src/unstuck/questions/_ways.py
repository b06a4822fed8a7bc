"""The usual ways of setting the learning rate, each tried on replays of a person's run."""

import math
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from unstuck.questions._arms import not_replayed
from unstuck.records.series import finite, last_part

WAYS = ("cosine-decay", "step-decay", "warm-up", "matched-momentum", "other-optimizer")

END = 0.2
"""The last fifth of the steps is what a loss is judged by."""

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
    yield (
        f"training loss at the end of {trials['steps']} steps (mean of the last fifth; by seed, lowest to "
        "highest):"
    )
    yield _row("as it is", *_said(here))
    for name in WAYS:
        arm = arms.get(name)
        if arm is None or not arm["losses"]:
            yield f"  {name:<26} not tried: {arm['stopped'] if arm else 'not within the budget'}"
        else:
            way, _, _ = arm["change"].partition(" instead of ")
            yield _row(way or name, *_said(_ends(arm)), _verdict(here, _ends(arm), noise))
    yield (
        f"what should not matter (3 % more rate) moves this loss by up to {noise:.2g}: smaller differences "
        "say nothing; and so short a run favours haste, not what is best in the end"
    )


def _row(way: str, mean: str, spread: str, verdict: str = "") -> str:
    """Of the table below a sentence."""
    return f"  {way:<26} {mean:>7}  {spread:<16} {verdict}".rstrip()


def _ends(arm: Any) -> Ends:
    return [_end(losses, arm["steps"]) for losses in arm["losses"]]


def _end(losses: Sequence[Sequence[float]], steps: int) -> float:
    known = finite(losses)
    if not known or known[-1][0] < 0.9 * (steps - 1):
        return math.inf
    return fmean(last_part(known, END))


def _noise(arms: Any) -> float:
    """The largest distance with a seed that a change makes which should not matter."""
    sham = _ends(arms["sham"]) if "sham" in arms else []
    return max(map(abs, _gains(_ends(arms["unchanged"]), sham)), default=0.0)


def _gains(before: Ends, after: Ends) -> list[float]:
    """By how much the loss ends lower, seed by seed."""
    return [b - a for b, a in zip(before, after, strict=False) if math.isfinite(b - a)]


def _verdict(before: Ends, after: Ends, noise: float) -> str:
    if any(map(math.isinf, after)):
        return "diverges"
    gains = _gains(before, after)
    if not gains or abs(fmean(gains)) <= noise or min(gains) < 0 < max(gains):
        return "within the spread"
    seeds = f" with all {len(gains)}" if len(gains) > 1 else ""
    return ("lower" if gains[0] > 0 else "higher") + seeds


def _said(ends: Ends) -> tuple[str, str]:
    """The mean, and what it is the mean of."""
    known = [end for end in ends if math.isfinite(end)]
    if not known:
        return "", "not finite"
    spread = f"{min(known):.3g} to {max(known):.3g}" if len(known) > 1 else "1 seed"
    return f"{fmean(known):.3g}", spread
