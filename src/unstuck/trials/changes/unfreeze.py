"""The change of the same name."""

from unstuck.trials.changes._parameters import give
from unstuck.trials.replay import NotApplicable, Replay


def unfreeze(replay: Replay) -> str:
    """Every parameter of the model is trained."""
    frozen = [p for p in replay.model.parameters() if not p.requires_grad and p.is_floating_point()]
    if not frozen:
        raise NotApplicable("no parameter of the model is frozen")
    give(replay, frozen, unless_given=True)
    for parameter in frozen:
        parameter.requires_grad_(True)
    return f"{len(frozen)} frozen parameter tensors are trained"
