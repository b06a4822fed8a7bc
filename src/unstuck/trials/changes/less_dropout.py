"""The change of the same name."""

from unstuck.trials.changes._dropout import set_rates
from unstuck.trials.replay import NotApplicable, Replay


def less_dropout(replay: Replay) -> str:
    """Half of each rate, or what was meant where the share that is kept was given."""
    changed = set_rates(replay, lambda rate: min(1 - rate, rate / 2))
    if not changed:
        raise NotApplicable("the model has no dropout")
    return f"dropout {changed}"
