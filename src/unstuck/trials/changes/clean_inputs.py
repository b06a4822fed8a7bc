"""The change of the same name."""

from dataclasses import replace

import torch
from torch import Tensor

from unstuck.trials.changes._inputs import exchange_inputs, numbers_in
from unstuck.trials.replay import LossCall, NotApplicable, Replay


def clean_inputs(replay: Replay) -> str:
    """0 for every input that is not finite; samples whose target is not finite are left out of the loss."""
    given = numbers_in(replay.arguments, replay.keywords)
    if not given:
        raise NotApplicable("no input of the model is a tensor of real numbers")
    masks = {at for at, each in given.items() if _is_mask(each)}

    def cleaned(at: int, tensor: Tensor) -> Tensor:
        return tensor if at in masks else tensor.nan_to_num(0.0, 0.0, 0.0)

    exchange_inputs(replay, cleaned)
    replay.change_loss(_without_bad_rows)
    return "0 instead of NaN and infinite inputs"


def _is_mask(tensor: Tensor) -> bool:
    """An additive mask of attention: 0 and minus infinity."""
    return bool(((tensor == 0) | torch.isneginf(tensor)).all())


def _without_bad_rows(call: LossCall) -> LossCall:
    target, prediction = call.target, call.prediction
    if not target.is_floating_point() or not target.dim() or len(target) != len(prediction):
        return call
    good = torch.isfinite(target).flatten(1).all(1) if target.dim() > 1 else torch.isfinite(target)
    if bool(good.all()) or not bool(good.any()):
        return call
    return replace(call, prediction=prediction[good], target=target[good])
