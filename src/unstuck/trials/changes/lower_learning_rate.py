"""The change of the same name."""

from unstuck.trials.changes._rates import STEP, change_rate, present_rate
from unstuck.trials.replay import Replay


def lower_learning_rate(replay: Replay) -> str:
    """To the measured rate if that is at most half of the present one, else to a tenth."""
    present, measured = present_rate(replay), replay.measured_rate
    use = measured is not None and 0 < measured <= present / 2
    return change_rate(replay, measured if use and measured else present / STEP)
