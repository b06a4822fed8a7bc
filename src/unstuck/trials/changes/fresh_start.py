"""The change of the same name."""

from unstuck.trials.changes._parameters import give, refuse_unloaded
from unstuck.trials.changes._weights import redraw
from unstuck.trials.replay import NotApplicable, Replay


def fresh_start(replay: Replay) -> str:
    """Nothing is left of earlier training: all weights drawn anew, statistics empty, all trained."""
    refuse_unloaded(replay)
    every = [p for p in replay.model.parameters() if p.is_floating_point()]
    if not every:
        raise NotApplicable("the model has no weights")
    give(replay, every, unless_given=True)
    for parameter in every:
        parameter.requires_grad_(True)
    changed = redraw([replay.model], replay.seed, everything=True)
    return f"{changed} parameter tensors drawn anew, all trained"
