"""The change of the same name."""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from unstuck.trials.changes._parameters import clear, parameters_of
from unstuck.trials.replay import Replay


def zero_gradients(replay: Replay) -> str:
    """Gradients are gone after the update they were made for.

    An optimizer's own at once; all others at the next training forward, because two optimizers may step
    after one backward pass, and one model's backward pass reaches another model.
    """
    stepped = False

    def clear_own(optimizer: Optimizer) -> None:
        nonlocal stepped
        stepped = True
        clear(parameters_of(optimizer))

    def clear_all(_: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        nonlocal stepped
        if stepped and torch.is_grad_enabled():
            stepped = False
            for optimizer in replay.optimizers:
                clear(parameters_of(optimizer))
        return arguments, keywords

    for optimizer in replay.optimizers:
        clear(parameters_of(optimizer))
    replay.after_update(clear_own)
    replay.change_inputs(clear_all)
    return "gradients cleared after each update"
