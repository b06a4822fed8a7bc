"""The change of the same name."""

from typing import Any

from torch.optim import Optimizer

from unstuck.trials.changes._parameters import refuse_unloaded
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import NotApplicable, Replay

_PART = 10.0
"""As is usual in fine-tuning (question 17)."""


def lower_backbone_rate(replay: Replay) -> str:
    """The last layer keeps its learning rate, all before it have a tenth; for the moment of each update."""
    refuse_unloaded(replay)
    structure = structure_of(replay)
    head = {id(p) for p in structure.weights_of(structure.last_layer()) if p.requires_grad}
    if not head or not any(
        p.requires_grad and id(p) not in head for p in replay.model.parameters()
    ):
        raise NotApplicable("the last layer is all that is trained, or is not trained itself")
    kept: dict[int, list[dict[str, Any]]] = {}

    def split(optimizer: Optimizer) -> None:
        own = list(optimizer.param_groups)
        kept[id(optimizer)] = own
        if any(id(p) in head for group in own for p in group["params"]):
            optimizer.param_groups[:] = [part for group in own for part in _parts(group, head)]

    def join(optimizer: Optimizer) -> None:
        optimizer.param_groups[:] = kept.pop(id(optimizer), optimizer.param_groups)

    replay.before_update(split)
    replay.after_update(join)
    return f"learning rate of all but the last layer by {_PART:.0f}"


def _parts(group: dict[str, Any], head: set[int]) -> list[dict[str, Any]]:
    last = [p for p in group["params"] if id(p) in head]
    before = [p for p in group["params"] if id(p) not in head]
    slower = {**group, "params": before}
    if "lr" in group:
        slower["lr"] = group["lr"] / _PART
    return [part for part in ({**group, "params": last}, slower) if part["params"]]
