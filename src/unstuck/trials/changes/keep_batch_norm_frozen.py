"""The change of the same name."""

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from unstuck.trials.replay import NotApplicable, Replay


def keep_batch_norm_frozen(replay: Replay) -> str:
    """Batch normalisations that are frozen use the statistics they came with, in every forward."""
    found = [m for model in replay.models for m in _frozen(model)]
    if not found:
        raise NotApplicable("no batch normalisation is frozen")

    def evaluate(module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        for each in found:
            each.training = False
        return arguments, keywords

    replay.change_inputs(evaluate)
    return f"{len(found)} frozen batch normalisation{'s' * (len(found) > 1)} in evaluation mode"


def _frozen(model: nn.Module) -> list[nn.Module]:
    """Those whose parameters are frozen; without any, those of a part that is."""
    return [
        module
        for parent in model.modules()
        for module in parent.children()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
        if not any(p.requires_grad for p in (list(module.parameters()) or parent.parameters()))
    ]
