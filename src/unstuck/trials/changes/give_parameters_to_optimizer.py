"""The change of the same name."""

from unstuck.trials.changes._parameters import give, untrained
from unstuck.trials.replay import NotApplicable, Replay


def give_parameters_to_optimizer(replay: Replay) -> str:
    """Every trainable parameter of the models is trained."""
    missing = untrained(replay)
    if not missing:
        raise NotApplicable("every trainable parameter is in an optimizer")
    give(replay, missing)
    return f"{len(missing)} more parameter tensors given to the optimizer"
