"""The change of the same name."""

from dataclasses import replace

from torch import Tensor

from unstuck.trials.changes._losses import DISTANCES, exchange_loss
from unstuck.trials.changes._ranges import leaves_out
from unstuck.trials.changes._undoing import Made, Undoing, made_by
from unstuck.trials.replay import LossCall, Replay


def fit_output_to_targets(replay: Replay) -> str:
    """At the loss: the output as it was before an activation that cannot give all targets.

    Once it could not, it is left out of every batch.
    """
    left_out: set[str] = set()

    def fitted(call: LossCall) -> LossCall | None:
        made = made_by(call.prediction)
        if call.function not in DISTANCES or made is None:
            return None
        if leaves_out(made.name, call.target) or _is_constant(made, call.prediction):
            left_out.add(made.name)
        return replace(call, prediction=made.before) if made.name in left_out else None

    exchange_loss(replay, fitted, "no last activation was seen that cannot give the targets")
    Undoing().stay(replay.models)
    return "output without its last activation"


def _is_constant(made: Made, prediction: Tensor) -> bool:
    """A softmax over one unit is always 1."""
    return made.name == "softmax" and prediction.dim() > 1 and prediction.shape[1] == 1
