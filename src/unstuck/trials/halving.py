"""Successive halving: train every rate a little, keep the better half, train those on.

Jamieson & Talwalkar 2016, *Non-stochastic Best Arm Identification and Hyperparameter Optimization*.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

UNTRAINED = 0.0
"""The rate of the network that stays as it is, on the same batches: what the others must beat."""

GRID = tuple(float(f"{10 ** (half / 2):.2g}") for half in range(-10, 3))
"""Half-decades from 1e-5 to 10, as people write them: 13 rates."""

RUNGS = (12, 25, 50, 100)
THOROUGH = (25, 50, 100, 200)
"""Steps after which half of the rates are left behind."""

JUDGED = 0.1
"""A rate is as good as the mean loss of this last part of its steps."""

CERTAIN = 3.0
"""Standard errors by which a loss must lie below the untrained network's to count as fallen: among 13
rates that do nothing, two would often name one."""

Losses = tuple[float, ...]
Train = Callable[[Sequence[float], int], Mapping[float, Losses]]


@dataclass(frozen=True)
class Halving:
    """What was tried. ``losses`` belong to ``rates``, one of each step; they end with the first that is
    not finite. ``untrained``: those of the network as it was, on the same batches.

    ``choice``: the best of the rates that were trained longest; None if its loss does not fall.
    ``falling``: all rates whose loss ends below the untrained network's, as far as each was trained.
    ``stable``: the lowest and the highest of those that lie around the choice without a gap.
    """

    rates: tuple[float, ...]
    losses: tuple[Losses, ...]
    untrained: Losses
    choice: float | None
    falling: tuple[float, ...]
    stable: tuple[float, float] | None


def halve(train: Train, *, rates: Sequence[float] = GRID, rungs: Sequence[int] = RUNGS) -> Halving:
    """Search the rates.

    Args:
        train: trains each of a set of rates until it has made so many steps in all, from the same start
            and on the same batches, and gives the losses of each from its first step. ``UNTRAINED`` is
            always among them. A rate that is left out is not asked for again.
        rates: the grid, ascending.
        rungs: steps after which the better half goes on, ascending.
    """
    losses: dict[float, Losses] = dict.fromkeys((UNTRAINED, *rates), ())
    alive = tuple(rates)
    for rung, steps in enumerate(rungs):
        alive = _better_half(alive, losses) if rung else alive
        if not alive:
            break
        losses.update(train((UNTRAINED, *alive), steps))
    return _result(tuple(rates), alive, losses)


def end(losses: Sequence[float]) -> float:
    """How good a rate is, lower is better: NaN and infinity are worst."""
    tail = losses[-math.ceil(len(losses) * JUDGED) :]
    return fmean(tail) if tail and all(map(math.isfinite, losses)) else math.inf


def falls(losses: Sequence[float], untrained: Sequence[float]) -> bool:
    """Whether the loss ends below the untrained network's, beyond the noise.

    Compared batch by batch over the second half of the steps, so that hard and easy batches cancel.
    """
    if not math.isfinite(end(losses)):
        return False
    pairs = list(zip(losses, untrained, strict=False))
    gains = [before - after for after, before in pairs[len(pairs) // 2 :]]
    error = stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return fmean(gains) > CERTAIN * error


def _better_half(rates: Sequence[float], losses: Mapping[float, Losses]) -> tuple[float, ...]:
    """Rounded up, without those that diverged; of equals the lower rate."""
    ranked = sorted(rates, key=lambda rate: (end(losses[rate]), rate))
    kept = [rate for rate in ranked[: math.ceil(len(ranked) / 2)] if end(losses[rate]) < math.inf]
    return tuple(sorted(kept))


def _result(
    rates: tuple[float, ...], finalists: Sequence[float], losses: Mapping[float, Losses]
) -> Halving:
    untrained = losses[UNTRAINED]
    falling = tuple(rate for rate in rates if falls(losses[rate], untrained))
    best = min(finalists, key=lambda rate: (end(losses[rate]), rate), default=None)
    choice = best if best in falling else None
    return Halving(
        rates=rates,
        losses=tuple(losses[rate] for rate in rates),
        untrained=untrained,
        choice=choice,
        falling=falling,
        stable=None if choice is None else _around(choice, rates, falling),
    )


def _around(choice: float, rates: Sequence[float], falling: Sequence[float]) -> tuple[float, float]:
    low = high = rates.index(choice)
    while low > 0 and rates[low - 1] in falling:
        low -= 1
    while high < len(rates) - 1 and rates[high + 1] in falling:
        high += 1
    return rates[low], rates[high]
