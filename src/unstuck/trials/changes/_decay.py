"""Weight decay."""

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer

from unstuck.trials.replay import Replay


def is_adaptive(optimizer: Optimizer) -> bool:
    """Whether the size of a gradient is divided out, and that of a decay within it."""
    return any(word in type(optimizer).__name__.lower() for word in ("ada", "rms"))


def is_decoupled(optimizer: Optimizer) -> bool:
    """Whether the decay acts on the weights themselves."""
    name = type(optimizer).__name__.lower()
    return "adamw" in name or any(g.get("decoupled_weight_decay") for g in optimizer.param_groups)


def decay(replay: Replay, share: Callable[[Optimizer, dict[str, Any]], float]) -> None:
    """Multiply the weights of each group by one minus its rate times its share, at each update."""

    def shrink(optimizer: Optimizer) -> None:
        with torch.no_grad():
            for group in optimizer.param_groups:
                factor = 1 - float(group.get("lr", 0.0)) * share(optimizer, group)
                for parameter in group["params"]:
                    if parameter.grad is not None and factor != 1:
                        parameter.mul_(factor)

    replay.before_update(shrink)
