"""The experiment of the same name: a change that should not matter."""

from unstuck.trials.changes._rates import change_rate, present_rate
from unstuck.trials.replay import Replay


def sham(replay: Replay) -> str:
    """Three percent more learning rate: another run in every bit, but no better or worse one."""
    return change_rate(replay, present_rate(replay) * 1.03)
