"""Learning rates, changed for the moment of each update: whatever sets them in between finds its own."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer

from unstuck.trials.replay import NotApplicable, Replay

STEP = 10.0
"""By how much a rate is changed if the best one was not measured: a factor that shows in 100 steps."""


def present_rate(replay: Replay) -> float:
    """The learning rate of the first optimizer, before what a warm-up makes of it.

    Raises:
        NotApplicable: there is none, or it is zero.
    """
    for optimizer in replay.optimizers:
        group = optimizer.param_groups[0]
        rate = float(group.get("initial_lr", group.get("lr", 0.0)))
        if rate > 0:
            return rate
    raise NotApplicable("no optimizer with a learning rate was built before the first step")


def scale_rates(replay: Replay, factor: Callable[[Optimizer], float]) -> None:
    """Multiply every learning rate at each update; ``factor`` is asked each time."""
    kept: dict[int, list[tuple[Any, Any]]] = {}

    def scale(optimizer: Optimizer) -> None:
        pairs = kept[id(optimizer)] = []
        by = factor(optimizer)
        for group in optimizer.param_groups:
            if "lr" in group:
                used = group["lr"] * by
                pairs.append((group["lr"], used))
                group["lr"] = used

    def restore(optimizer: Optimizer) -> None:
        groups = [group for group in optimizer.param_groups if "lr" in group]
        for group, (own, used) in zip(groups, kept.pop(id(optimizer), []), strict=False):
            if group["lr"] is used:  # else the optimizer itself set another one
                group["lr"] = own

    replay.before_update(scale)
    replay.after_update(restore)


def follow(replay: Replay, course: Callable[[float], float]) -> float:
    """Multiply the rates at each update by a course over the replay, from 0 to 1 at its last; the rate.

    Raises:
        NotApplicable: a schedule sets the rates already.
    """
    groups = [group for optimizer in replay.optimizers for group in optimizer.param_groups]
    if any("initial_lr" in group for group in groups):  # every scheduler of torch leaves it there
        raise NotApplicable("a scheduler sets the rate")
    updates: Counter[int] = Counter()

    def factor(optimizer: Optimizer) -> float:
        updates[id(optimizer)] += 1
        return course(min(1.0, updates[id(optimizer)] / replay.steps))

    scale_rates(replay, factor)
    return present_rate(replay)


def change_rate(replay: Replay, new: float) -> str:
    """Train with another rate; several rates keep their ratios."""
    old = present_rate(replay)
    scale_rates(replay, lambda _: new / old)
    return f"learning rate {old:.3g} to {new:.3g}"
