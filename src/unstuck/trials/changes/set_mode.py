"""The change of the same name."""

from typing import Any

import torch
from torch import nn

from unstuck.trials.replay import Replay


def set_mode(replay: Replay) -> str:
    """Training mode whenever gradients are recorded, evaluation mode whenever not.

    Parts that the script keeps in evaluation mode within a model in training stay there.
    """
    switched: dict[int, list[tuple[nn.Module, bool]]] = {}

    def set_it(module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        learns = torch.is_grad_enabled() and any(p.requires_grad for p in module.parameters())
        if not learns and module.training:
            switched[id(module)] = [(each, each.training) for each in module.modules()]
            module.eval()
        elif learns and not module.training:
            modes = switched.pop(id(module), None)
            for each, training in modes or ():
                each.training = training
            if modes is None:
                module.train()
        return arguments, keywords

    replay.change_inputs(set_it)
    return "training mode with gradients, evaluation mode without"
