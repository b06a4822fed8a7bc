"""The change of the same name."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unstuck.trials.changes._inputs import exchange_inputs, numbers_in
from unstuck.trials.replay import NotApplicable, Replay

# Fewer rows do not tell the spread of each feature.
_ENOUGH_ROWS = 8


@dataclass(frozen=True)
class _Scale:
    mean: Tensor
    deviation: Tensor
    dimensions: int

    def fits(self, tensor: Tensor) -> bool:
        """Whether the tensor is of the kind that was measured."""
        if tensor.dim() != self.dimensions:
            return False
        kept = [(a, b) for a, b in zip(self.mean.shape, tensor.shape, strict=True) if a > 1]
        return all(a == b for a, b in kept)


def scale_inputs(replay: Replay) -> str:
    """Each feature, or channel, with mean 0 and standard deviation 1, as in the first batch."""
    given = numbers_in(replay.arguments, replay.keywords)
    scales = {at: _measure(each.detach(), replay.model) for at, each in given.items()}
    used = {at: scale for at, scale in scales.items() if scale is not None}
    if not used:
        raise NotApplicable("no input of the model is a tensor of numbers that vary")
    if all(_is_standard(scale) for scale in used.values()):
        raise NotApplicable("the inputs have mean 0 and standard deviation 1 already")

    def scaled(at: int, tensor: Tensor) -> Tensor:
        scale = used.get(at)
        if scale is None or not scale.fits(tensor):
            return tensor
        return (tensor - scale.mean.to(tensor)) / scale.deviation.to(tensor)

    exchange_inputs(replay, scaled)
    largest = max(float(scale.deviation.max()) for scale in used.values())
    return f"inputs with mean 0 and standard deviation 1 (before: up to {largest:.3g})"


def _measure(tensor: Tensor, model: nn.Module) -> _Scale | None:
    """Mean and deviation of each feature, or channel of images; None for masks and constants."""
    values = tensor.float()
    if bool(torch.isinf(values).any()):  # an additive mask of attention
        return None
    values = values.nan_to_num(nan=float(values.nanmean()))
    whole = float(values.std(unbiased=False))
    if not whole > 0:
        return None
    kept = _kept_dimension(tensor, model)
    others = [d for d in range(tensor.dim()) if d != kept]
    rows = tensor.numel() // tensor.shape[kept] if kept is not None else 0
    if rows < _ENOUGH_ROWS:
        others = list(range(tensor.dim()))
    mean = values.mean(others, keepdim=True)
    deviation = values.std(others, keepdim=True, unbiased=False)
    # One that is constant in the first batch may vary later, by as much as the others do.
    deviation = torch.where(deviation > 1e-6 * whole, deviation, whole)
    return _Scale(mean, deviation, tensor.dim())


def _kept_dimension(tensor: Tensor, model: nn.Module) -> int | None:
    if tensor.dim() == 1:
        return None
    flat_signals = tensor.dim() == 3 and any(isinstance(m, nn.Conv1d) for m in model.modules())
    return 1 if tensor.dim() > 3 or flat_signals else tensor.dim() - 1


def _is_standard(scale: _Scale) -> bool:
    near = bool((scale.mean.abs() < 0.1).all())
    return near and bool(((scale.deviation > 0.8) & (scale.deviation < 1.25)).all())
