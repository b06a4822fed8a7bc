"""The change of the same name."""

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
    present = max(float(g.get("weight_decay", 0.0)) for g in first.param_groups)
    usual = _ADAPTIVE if is_adaptive(first) else _PLAIN
    if present:
        replay.on_optimizer(_multiply)
    else:
        decay(replay, lambda optimizer, _: _ADAPTIVE if is_adaptive(optimizer) else _PLAIN)
    return f"weight decay {present:.3g} to {present * _MORE or usual:.3g}"


def _multiply(optimizer: Optimizer) -> None:
    for group in optimizer.param_groups:
        if "weight_decay" in group:
            group["weight_decay"] *= _MORE
