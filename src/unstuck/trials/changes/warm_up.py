"""The experiment of the same name: one of the usual ways of setting the rate."""

from unstuck.trials.changes._rates import follow
from unstuck.trials.replay import Replay

_SHARE = 0.1
"""A tenth of the updates is a usual warm-up."""


def warm_up(replay: Replay) -> str:
    """The learning rate rises in a line, and stays."""
    rate = follow(replay, lambda done: min(1.0, done / _SHARE))
    return f"warm-up to rate {rate:.3g}, {_SHARE:.0%}"
