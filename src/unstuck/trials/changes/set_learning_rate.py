"""The experiment of the same name: the learning rate that is being tried."""

from unstuck.trials.changes._rates import change_rate
from unstuck.trials.replay import NotApplicable, Replay


def set_learning_rate(replay: Replay) -> str:
    """Give the first parameter group the rate to be tried; the others keep their ratio to it."""
    if replay.measured_rate is None:
        raise NotApplicable("there is no rate to be tried")
    return change_rate(replay, replay.measured_rate)
