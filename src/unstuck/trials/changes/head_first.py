"""The change of the same name."""

from unstuck.trials.changes._parameters import give, refuse_unloaded
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import NotApplicable, Replay


def head_first(replay: Replay) -> str:
    """Only the last layer is trained, also where it is frozen."""
    refuse_unloaded(replay)
    structure = structure_of(replay)
    head = structure.weights_of(structure.last_layer())
    own = {id(p) for p in head}
    others = [p for p in replay.model.parameters() if p.requires_grad and id(p) not in own]
    frozen = [p for p in head if not p.requires_grad]
    if not head or not others:
        raise NotApplicable("the last layer is all that is trained")
    give(replay, head, unless_given=True)
    for parameter in others:
        parameter.requires_grad_(False)
    for parameter in frozen:
        parameter.requires_grad_(True)
    was = ", which was frozen" if frozen else ""
    return f"only the last layer{was} is trained; {len(others)} parameter tensors are frozen"
