"""The change of the same name."""

from dataclasses import replace

import torch
from torch import Tensor

from unstuck.trials.changes._frequencies import Frequencies
from unstuck.trials.changes._losses import CLASSES, exchange_loss, is_trained_on
from unstuck.trials.replay import LossCall, Replay


def weigh_classes(replay: Replay) -> str:
    """At the loss, in training: each class by the root of how much rarer it is than the most frequent."""
    seen: dict[str, Frequencies] = {}

    def weighed(call: LossCall) -> LossCall | None:
        has_weights = any(call.options.get(name) is not None for name in ("weight", "pos_weight"))
        if has_weights or not is_trained_on(call):
            return None
        counts = seen.setdefault(call.function, Frequencies()).add(call)
        return None if counts is None else _weighed(call, counts)

    exchange_loss(replay, weighed, "no loss compares classes that are not weighed yet")
    return "classes weighed by the root of the ratio of their frequencies"


def _weighed(call: LossCall, counts: Tensor) -> LossCall:
    # A class that was not seen yet counts like one that was seen once.
    weights = (counts.max(0).values / counts.clamp_min(1)).sqrt().to(call.prediction)
    if call.function in CLASSES:
        return replace(call, options={**call.options, "weight": weights})
    columns = call.target.shape[1:]
    no, yes = (w.reshape(columns) if columns else w.reshape(()) for w in weights)
    each = torch.where(call.target > 0.5, yes, no)
    return replace(call, options={**call.options, "weight": each})
