"""The change of the same name."""

import math
from collections import Counter

from torch.optim import Optimizer

from unstuck.trials.changes._rates import present_rate, scale_rates
from unstuck.trials.replay import Replay

WARM_UP, WHOLE = 10, 100
"""Updates: a replay lasts for a hundred, and a tenth of them is a usual warm-up."""


def warm_up_and_decay(replay: Replay) -> str:
    """The learning rate rises in a line, then falls like a cosine."""
    present = present_rate(replay)
    updates: Counter[int] = Counter()

    def factor(optimizer: Optimizer) -> float:
        updates[id(optimizer)] += 1
        return _factor(updates[id(optimizer)])

    scale_rates(replay, factor)
    return (
        f"learning rate up to {present:.3g} in {WARM_UP} updates, then down to 0 at update {WHOLE}"
    )


def _factor(update: int) -> float:
    if update <= WARM_UP:
        return update / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (update - WARM_UP) / (WHOLE - WARM_UP))))
