"""The change of the same name."""

from unstuck.trials.changes._weights import redraw, redraw_loose
from unstuck.trials.replay import NotApplicable, Replay


def redraw_initialisation(replay: Replay) -> str:
    """Weights as the layers of torch draw them; what is frozen or normalises stays."""
    owned = {id(parameter) for _, parameter in replay.trained()}
    groups = [group for optimizer in replay.optimizers for group in optimizer.param_groups]
    loose = [p for group in groups for p in group["params"] if id(p) not in owned]
    changed = redraw(replay.models, replay.seed, everything=False)
    changed += redraw_loose(loose, replay.seed)
    if not changed:
        raise NotApplicable("no trainable weight can be drawn anew")
    return f"{changed} parameter tensors drawn anew"
