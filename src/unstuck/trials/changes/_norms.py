"""Sizes of gradients in the first updates, from which thresholds are taken."""

from statistics import median, quantiles

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.trials.changes._parameters import parameters_of

FIRST = 10
"""Updates whose gradients are measured."""
_SAMPLE = 1_000_000


def gradients_of(optimizer: Optimizer) -> list[Tensor]:
    """The dense gradients an optimizer is about to use."""
    found = [p.grad for p in parameters_of(optimizer) if p.grad is not None]
    return [gradient for gradient in found if not gradient.is_sparse]


def norm_of(gradients: list[Tensor]) -> float:
    """Of all together."""
    if not gradients:
        return 0.0
    norms = [torch.linalg.vector_norm(each.float()) for each in gradients]
    return float(torch.linalg.vector_norm(torch.stack([n.to(norms[0].device) for n in norms])))


def largest_but_tenth(gradients: list[Tensor]) -> float:
    """The size that nine of ten entries stay below."""
    sizes = torch.cat([each.detach().abs().reshape(-1).cpu().float() for each in gradients])
    sizes = sizes[:: 1 + len(sizes) // _SAMPLE]
    return float(sizes.kthvalue(max(1, round(0.9 * len(sizes)))).values)


class Threshold:
    """From the first updates: their median, or a higher share."""

    def __init__(self, share: float = 0.5) -> None:
        self._share = share
        self._seen: list[float] = []

    def after(self, value: float) -> float:
        """The threshold, this value being one of the first ones; infinite as long as none is finite."""
        if len(self._seen) < FIRST and 0 < value < float("inf"):
            self._seen.append(value)
        if not self._seen:
            return float("inf")
        if self._share == 0.5 or len(self._seen) < 2:
            return median(self._seen)
        return quantiles(self._seen, n=100, method="inclusive")[round(100 * self._share) - 1]
