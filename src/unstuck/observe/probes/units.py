"""Whether the units of a layer are copies of one another, at the start and later."""

import functools
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.observe import locate
from unstuck.observe.session import Missing, Session
from unstuck.records.finding import Place
from unstuck.records.units import Layer, Look

_LAYERS, _LOOKS, _SAMPLE = 200, 40, 128
# Equal in float32: rounding of an exactly symmetric start stays below this (question 3).
_RELATIVE = 1e-5


@dataclass
class _Weight:
    name: str
    units: int
    place: Place | None
    biases_zero: bool | None
    looks: list[dict[str, Any]] = field(default_factory=list)


class Units:
    """Compares up to 128 rows and 128 columns of each weight with its first row."""

    family = "units"
    session: Session

    def __init__(self) -> None:
        self._weights: dict[int, _Weight] = {}
        self._looked = -1

    def differentiated(self, adds: bool) -> None:
        """After the first backward pass of a sampled step: weights and gradients."""
        if self._looked == self.session.step:
            return
        self._looked = self.session.step
        for root in self.session.roots:
            module = root.module
            if module is not None and root.trained:
                self._look_at(root.name, root.place, module)
        for leaf in self.session.leaves.values():
            tensor = leaf.tensor
            if tensor is not None and tensor.dim() == 2 and tensor.shape[1] > 1:
                self._look_at_matrix(leaf.name, tensor)

    def _look_at_matrix(self, name: str, matrix: Tensor) -> None:
        """A matrix without a layer multiplies from the right (``x @ w``): its columns are the units."""
        known = self._weights.get(id(matrix))
        if known is None and len(self._weights) < _LAYERS:
            place = locate.global_assignment(locate.person_frame(2), name)
            known = self._weights[id(matrix)] = _Weight(name, matrix.shape[1], place, None)
        if known is not None and len(known.looks) < _LOOKS:
            self._look(known, matrix.detach().T, None if matrix.grad is None else matrix.grad.T)

    def _look_at(self, model: str, place: Place | None, module: nn.Module) -> None:
        for prefix, owner in module.named_modules():
            if isinstance(owner, nn.Embedding | nn.EmbeddingBag):
                continue
            for name, weight in owner.named_parameters(prefix=prefix, recurse=False):
                if weight.dim() < 2 or weight.shape[0] < 2 or not weight.requires_grad:
                    continue
                known = self._weights.get(id(weight))
                if known is None:
                    if len(self._weights) >= _LAYERS:
                        return
                    known = self._weights[id(weight)] = _Weight(
                        f"{model}.{name.removesuffix('.weight')}",
                        weight.shape[0],
                        locate.assignment(module, name) or place,
                        self._biases_zero(owner),
                    )
                if len(known.looks) < _LOOKS:
                    self._look(known, weight.detach(), weight.grad)

    def _biases_zero(self, owner: nn.Module) -> bool | None:
        bias = getattr(owner, "bias", None)
        if not isinstance(bias, Tensor) or bias.device.type != "cpu" or self.session.step:
            return None
        return not bool(torch.any(bias != 0))

    def _look(self, known: _Weight, weight: Tensor, gradient: Tensor | None) -> None:
        look: dict[str, Any] = {"step": self.session.step, "gradient": None}
        known.looks.append(look)
        equal, largest = _equal_rows(weight)
        self.session.numbers.read(equal, functools.partial(look.__setitem__, "weight"))
        self.session.numbers.read(largest, functools.partial(look.__setitem__, "largest"))
        if gradient is not None and not gradient.is_sparse:
            equal, _ = _equal_rows(gradient)
            self.session.numbers.read(equal, functools.partial(look.__setitem__, "gradient"))

    def facts(self) -> list[Layer] | Missing:
        """The layers whose weights received gradients or could have."""
        if not self._weights:
            return Missing("no layer with several units was seen in training")
        return [
            {
                "name": known.name,
                "units": known.units,
                "looks": [_record(look) for look in known.looks if "largest" in look],
                "biases_zero": known.biases_zero,
                "place": known.place,
            }
            for known in self._weights.values()
        ]


def _record(look: dict[str, Any]) -> Look:
    return {
        "step": look["step"],
        "weight": look["weight"],
        "gradient": look["gradient"],
        "zero": look["largest"] == 0,
    }


def _equal_rows(values: Tensor) -> tuple[Tensor, Tensor]:
    """(share of rows equal to the first, largest absolute value) of a sample of the matrix."""
    rows = values.flatten(1)
    rows = rows[:: max(1, rows.shape[0] // _SAMPLE), :: max(1, rows.shape[1] // _SAMPLE)]
    rows = rows[:_SAMPLE, :_SAMPLE].float()
    largest = rows.abs().max()
    distance = (rows - rows[:1]).abs().amax(1)
    return (distance <= _RELATIVE * largest).float().mean(), largest
