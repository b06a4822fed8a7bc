"""The change of the same name."""

from dataclasses import replace

from torch import Tensor

from unstuck.trials.changes._frequencies import Frequencies
from unstuck.trials.changes._losses import CLASSES, LABELS, exchange_loss, is_trained_on
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
    # Of each column, not of each entry: rows may still be taken out of the batch.
    logits = call.prediction.logit(1e-6) if call.function == LABELS[0] else call.prediction
    options = {name: value for name, value in call.options.items() if name != "weight"}
    options["pos_weight"] = (weights[1] / weights[0]).reshape(call.target.shape[1:])
    return LossCall(LABELS[1], logits, call.target, options)
