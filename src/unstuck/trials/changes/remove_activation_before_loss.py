"""The change of the same name."""

from dataclasses import replace

from unstuck.trials.changes._losses import exchange_loss
from unstuck.trials.changes._undoing import Undoing, made_by, without_activation
from unstuck.trials.replay import LossCall, Replay

_LOGITS = ("cross_entropy", "binary_cross_entropy_with_logits")
# The function that makes of logits what these losses expect.
_LINKS = {"nll_loss": "log_softmax", "binary_cross_entropy": "sigmoid"}


def remove_activation_before_loss(replay: Replay) -> str:
    """At the loss: the logits as they were before the last activation."""
    exchange_loss(replay, _without, "no activation is applied to what the loss receives")
    Undoing().stay(replay.models)
    return "no activation between the last layer and the loss"


def _without(call: LossCall) -> LossCall | None:
    given = call.prediction
    if call.function in _LOGITS:
        link = made_by(given)
        if link is not None and link.name == "log_softmax":
            given = link.before
        logits = without_activation(given)
        return None if logits is given else replace(call, prediction=logits)
    link = made_by(given)
    if link is None or link.name != _LINKS.get(call.function):
        return None
    logits = without_activation(link.before)
    return None if logits is link.before else replace(call, prediction=link.again(logits))
