"""The experiment of the same name: one of the usual ways of setting the rate."""

from unstuck.trials.changes._rates import follow
from unstuck.trials.replay import Replay

_AT, _TO = 0.7, 0.1
"""Of all updates, and of the rate: as in the experiment of question 10."""


def step_decay(replay: Replay) -> str:
    """The learning rate falls to a tenth when most of the replay is over."""
    rate = follow(replay, lambda done: 1.0 if done <= _AT else _TO)
    return f"rate {rate:.3g}, from {_AT:.0%} on {rate * _TO:.3g}"
