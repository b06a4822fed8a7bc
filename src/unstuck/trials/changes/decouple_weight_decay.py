"""The change of the same name."""

from torch.optim import Optimizer

from unstuck.trials.changes._decay import decay, is_adaptive, is_decoupled
from unstuck.trials.replay import NotApplicable, Replay

_USUAL = 0.01
"""The default of AdamW; decays inside Adam are mostly smaller, because they act otherwise."""


def decouple_weight_decay(replay: Replay) -> str:
    """On the weights themselves instead of inside the gradient, at least as much as AdamW's default."""
    groups = [
        group
        for optimizer in replay.optimizers
        if _mixes(optimizer)
        for group in optimizer.param_groups
    ]
    present = max((float(group.get("weight_decay", 0.0)) for group in groups), default=0.0)
    if not present:
        raise NotApplicable("no optimizer divides its weight decay by the size of the gradient")
    shares: dict[int, float] = {}

    def take_out(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups if _mixes(optimizer) else ():
            if group.get("weight_decay"):
                shares[id(group)] = max(float(group["weight_decay"]), _USUAL)
                group["weight_decay"] = 0.0

    replay.on_optimizer(take_out)
    decay(replay, lambda _, group: shares.get(id(group), 0.0))
    return (
        f"weight decay {present:.3g} in the gradient to {max(present, _USUAL):.3g} on the weights"
    )


def _mixes(optimizer: Optimizer) -> bool:
    return is_adaptive(optimizer) and not is_decoupled(optimizer)
