"""The change of the same name."""

from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import NotApplicable, Replay


def head_first(replay: Replay) -> str:
    """Only the last layer is trained."""
    structure = structure_of(replay)
    head = {id(p) for p in structure.weights_of(structure.last_layer()) if p.requires_grad}
    others = [p for p in replay.model.parameters() if p.requires_grad and id(p) not in head]
    if not head or not others:
        raise NotApplicable("the last layer is all that is trained, or is not trained itself")
    for parameter in others:
        parameter.requires_grad_(False)
    return f"only the last layer is trained; {len(others)} parameter tensors are frozen"
