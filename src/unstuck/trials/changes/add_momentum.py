"""The change of the same name."""

from torch.optim import Optimizer

from unstuck.trials.replay import NotApplicable, Replay

_MOMENTUM = 0.9


def add_momentum(replay: Replay) -> str:
    """Momentum at the same learning rate: each gradient acts ten times, over some twenty updates."""
    if not any(map(_has_none, replay.optimizers)):
        raise NotApplicable("no optimizer could have momentum and has none")

    def add(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            if group.get("momentum") == 0:
                group["momentum"] = _MOMENTUM

    replay.on_optimizer(add)
    return f"momentum 0 to {_MOMENTUM}"


def _has_none(optimizer: Optimizer) -> bool:
    return any(group.get("momentum") == 0 for group in optimizer.param_groups)
