"""The change of the same name."""

from dataclasses import replace

import torch
from torch import Tensor

from unstuck.trials.changes._losses import CLASSES, exchange_loss
from unstuck.trials.replay import LossCall, Replay


def remove_softmax_before_cross_entropy(replay: Replay) -> str:
    """At the loss: the logarithms of the probabilities are logits, up to a constant of each row."""
    exchange_loss(replay, _of_logits, "what cross_entropy receives are not probabilities")
    return "logits instead of probabilities to cross_entropy"


def _of_logits(call: LossCall) -> LossCall | None:
    if call.function not in CLASSES or not _are_probabilities(call.prediction):
        return None
    smallest = torch.finfo(call.prediction.dtype).tiny
    return replace(call, prediction=call.prediction.clamp_min(smallest).log())


def _are_probabilities(given: Tensor) -> bool:
    if not given.dim() or not given.is_floating_point():
        return False
    classes = 1 if given.dim() > 1 else 0
    seen = given.detach()
    # Sums of half precision are off by as much.
    return bool((seen >= 0).all()) and bool(((seen.float().sum(classes) - 1).abs() < 1e-2).all())
