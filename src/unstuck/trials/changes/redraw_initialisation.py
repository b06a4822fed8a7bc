"""The change of the same name."""

from unstuck.trials.changes._weights import redraw
from unstuck.trials.replay import NotApplicable, Replay


def redraw_initialisation(replay: Replay) -> str:
    """Weights as the layers of torch draw them; what is frozen or normalises stays."""
    changed = redraw(replay.models, replay.seed, everything=False)
    if not changed:
        raise NotApplicable("no trainable weight can be drawn anew")
    return f"{changed} parameter tensors drawn anew"
