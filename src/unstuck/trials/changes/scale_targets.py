"""The change of the same name."""

from dataclasses import replace

from torch import Tensor

from unstuck.trials.changes._losses import DISTANCES, exchange_loss
from unstuck.trials.replay import LossCall, Replay


def scale_targets(replay: Replay) -> str:
    """At the loss: targets minus their mean, by their standard deviation, as in the first batch."""
    scales: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    def scaled(call: LossCall) -> LossCall | None:
        target = call.target
        if call.function not in DISTANCES or not target.is_floating_point() or target.numel() < 2:
            return None
        columns = tuple(target.shape[1:])
        if columns not in scales:
            scales[columns] = _scale(target.detach())
        mean, deviation = scales[columns]
        return replace(call, target=(target - mean) / deviation)

    exchange_loss(replay, scaled, "no loss is a distance to numbers")
    return "targets with mean 0 and standard deviation 1 (numbers of the first batch)"


def _scale(target: Tensor) -> tuple[Tensor, Tensor]:
    """Of each column of a table, else of all numbers; a column that does not vary is only shifted."""
    given = target.float()
    rows = target.dim() == 2 and target.shape[0] > 1
    mean = given.mean(0) if rows else given.mean()
    deviation = given.std(0, unbiased=False) if rows else given.std(unbiased=False)
    deviation = deviation.masked_fill(~(deviation > 0), 1.0)
    return mean.to(target.dtype), deviation.to(target.dtype)
