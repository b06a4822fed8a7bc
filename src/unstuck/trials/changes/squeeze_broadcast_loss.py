"""The change of the same name."""

from dataclasses import replace

from unstuck.trials.changes._losses import DISTANCES, exchange_loss
from unstuck.trials.replay import LossCall, Replay


def squeeze_broadcast_loss(replay: Replay) -> str:
    """At the loss: predictions in the shape of the targets."""
    exchange_loss(replay, _squeezed, "predictions and targets have the same shape")
    return "predictions in the shape of the targets"


def _squeezed(call: LossCall) -> LossCall | None:
    prediction, target = call.prediction, call.target
    if call.function not in DISTANCES or prediction.shape == target.shape:
        return None
    if prediction.numel() != target.numel():
        return None
    return replace(call, prediction=prediction.reshape(target.shape))
