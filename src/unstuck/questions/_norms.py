"""Stacks of small nets with a normalisation before each activation."""

from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._stack import Stack

Kind = Literal["none", "batch", "layer"]

EPSILON, MOMENTUM = 1e-5, 0.1
"""As in PyTorch: added to variances, and how much of a batch's statistics the running ones take."""


def _as_it_is(layer: int, x: Tensor) -> Tensor:
    return x


class Normed(Stack):
    """A ``Stack`` whose hidden layers are linear, normalisation of this ``kind``, activation.

    In training mode (``training``) batch normalisation uses the batch and updates the running
    statistics; in evaluation mode it uses those. ``seen`` gets what enters each activation, and may
    change it.
    """

    def __init__(self, *stack: Any, kind: Kind = "batch", **named: Any) -> None:
        self.gains: list[Tensor] = []
        self.shifts: list[Tensor] = []
        super().__init__(*stack, **named)
        self.kind, self.training = kind, True
        self.seen: Callable[[int, Tensor], Tensor] = _as_it_is
        hidden = [torch.zeros_like(bias) for bias in self.biases[:-1]]
        self.means = [each.reshape(-1) for each in hidden]
        self.variances = [torch.ones_like(each).reshape(-1) for each in hidden]
        if kind != "none":
            self.gains = [torch.ones_like(each).requires_grad_() for each in hidden]
            self.shifts = [torch.zeros_like(each).requires_grad_() for each in hidden]

    @property
    def parameters(self) -> list[Tensor]:
        """All that is trained."""
        return [*super().parameters, *self.gains, *self.shifts]

    def normalised(self, layer: int, x: Tensor) -> Tensor:
        """Mean 0 and deviation 1, over rows or units, then the learned gain and shift."""
        if self.kind == "none":
            return x
        gain, shift = self.gains[layer], self.shifts[layer]
        if self.kind == "layer":
            return torch.addcmul(shift, F.layer_norm(x, x.shape[2:], eps=EPSILON), gain)
        rows = x.transpose(0, 1).flatten(1)  # every unit of every net is a channel of its own
        rows = F.batch_norm(
            rows, self.means[layer], self.variances[layer], gain.flatten(), shift.flatten(),
            self.training, MOMENTUM, EPSILON,
        )  # fmt: skip
        return rows.view(x.shape[1], len(x), -1).transpose(0, 1)

    def hidden(self, layer: int, x: Tensor) -> Tensor:
        """The normalisation, what is seen of it, and the activation."""
        return self.act(self.seen(layer, self.normalised(layer, x)))
