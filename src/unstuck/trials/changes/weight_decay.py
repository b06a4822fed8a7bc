"""The change of the same name."""

from typing import Any

from torch.optim import Optimizer

from unstuck.trials.changes._decay import decay, is_adaptive
from unstuck.trials.replay import NotApplicable, Replay

_ADAPTIVE, _PLAIN = 0.05, 0.005
"""On the weights themselves: usual for AdamW, and for SGD at its ten times higher rates."""
_MORE = 10


def weight_decay(replay: Replay) -> str:
    """Ten times the present one, or a usual value where there is none."""
    if not replay.optimizers:
        raise NotApplicable("no optimizer was built before the first step")
    first = replay.optimizers[0]
    present = float(first.param_groups[0].get("weight_decay", 0.0))
    decay(replay, _more)
    return f"weight decay {present:.3g} to {present + _more(first, first.param_groups[0]):.3g}"


def _more(optimizer: Optimizer, group: dict[str, Any]) -> float:
    present = float(group.get("weight_decay", 0.0))
    if present:
        return (_MORE - 1) * present
    return _ADAPTIVE if is_adaptive(optimizer) else _PLAIN
