"""Sizes of gradients, weights and updates at each look, just before and after the optimizer."""

import functools
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.observe import structure
from unstuck.observe.session import Missing, Session, is_plain
from unstuck.records.gradients import GradientLayer, GradientLook, Rate
from unstuck.records.gradients import Gradients as Family
from unstuck.records.series import BoundedSeries

_LAYERS, _LOOKS = 200, 40
# Of larger tensors a sample this large is read: its norm is off by less than a percent.
_SAMPLE = 1 << 18
# What is copied of a weight to see how far it moves.
_COPIED = 1 << 14
# Below this many numbers the total norm costs some microseconds and is read at every close step.
_SMALL = 200_000


@dataclass
class _Known:
    """A layer; the weight itself is not kept."""

    named: structure.Named
    optimizer: str
    numel: int
    fan_in: int
    looks: list[dict[str, Any]] = field(default_factory=list)


class Gradients:
    """At a look: norms by fused calls, one transfer for an optimizer."""

    family = "gradients"
    session: Session

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._totals = BoundedSeries()
        self._rates: list[Rate] = []
        self._names: dict[int, structure.Named] = {}
        self._named_at = -1
        self._before: dict[int, tuple[Tensor, dict[str, Any]]] = {}

    def updating(self, optimizer: Optimizer) -> None:
        """Gradients as the optimizer will use them: unscaled, clipped, accumulated."""
        self._before.clear()
        graded = [p for p in _parameters(optimizer) if _is_dense(p)]
        if not graded:
            return
        if self.session.looking:
            self._read_total(graded)
            self._note_rate(optimizer)
            self._look(optimizer, graded)
        elif sum(p.numel() for p in graded) <= _SMALL:
            self._read_total(graded)

    def _read_total(self, graded: list[Tensor]) -> None:
        parts = [_part(p.grad) for p in graded if p.grad is not None]
        squares = [
            (norm.float() * scale).square().sum()
            for norm, (_, scale) in zip(
                torch._foreach_norm([part for part, _ in parts]), parts, strict=True
            )
        ]
        home = squares[0].device
        total = torch.stack([square.to(home) for square in squares]).sum().sqrt()
        self.session.numbers.read(total, functools.partial(self._totals.add, self.session.step))

    def _note_rate(self, optimizer: Optimizer) -> None:
        rate = optimizer.param_groups[0].get("lr")
        if isinstance(rate, int | float) and len(self._rates) < 200:
            self._rates.append(
                {
                    "step": self.session.step,
                    "optimizer": type(optimizer).__name__,
                    "rate": float(rate),
                }
            )

    def _look(self, optimizer: Optimizer, graded: list[Tensor]) -> None:
        if self._named_at != self.session.step:
            self._named_at = self.session.step
            self._names = structure.names(self.session)
        layers = [(p, self._layer(p, optimizer)) for p in graded]
        chosen = [(p, known) for p, known in layers if known is not None and self._due(known)]
        if not chosen:
            return
        gradients = [_part(p.grad) for p, _ in chosen if p.grad is not None]
        weights = [_part(p.detach()) for p, _ in chosen]
        norms = torch._foreach_norm([part for part, _ in gradients])
        sizes = torch._foreach_norm([part for part, _ in weights])
        largest = torch._foreach_norm([part for part, _ in gradients], math.inf)
        for place, (parameter, known) in enumerate(chosen):
            gradient = parameter.grad
            if gradient is None:
                continue
            look: dict[str, Any] = {"step": self.session.step, "update": None}
            known.looks.append(look)
            zeros, rows = _zeros(gradient)
            vector = torch.stack(
                [
                    norms[place].float() * gradients[place][1],
                    largest[place].float(),
                    zeros,
                    rows,
                    sizes[place].float() * weights[place][1],
                ]
            )
            self.session.numbers.read_all(vector, functools.partial(_receive, look))
            self._before[id(parameter)] = (_copied(parameter).clone(), look)

    def _layer(self, parameter: Tensor, optimizer: Optimizer) -> _Known | None:
        named = self._names.get(id(parameter))
        if named is None or parameter.dim() < 2 or named.kind.startswith("Embedding"):
            return None
        if named.layer in self._known:
            return self._known[named.layer]
        if len(self._known) >= _LAYERS:
            return None
        fan_in = parameter.numel() // parameter.shape[0]
        if named.kind == "parameter" and parameter.dim() == 2:  # x @ w: rows are inputs
            fan_in = parameter.shape[0]
        elif named.kind.startswith("ConvTranspose"):
            fan_in = parameter.numel() // max(1, parameter.shape[1])
        known = _Known(named, type(optimizer).__name__, parameter.numel(), fan_in)
        self._known[named.layer] = known
        return known

    def _due(self, known: _Known) -> bool:
        looks = known.looks
        return len(looks) < _LOOKS and not (looks and looks[-1]["step"] == self.session.step)

    def updated(self, optimizer: Optimizer) -> None:
        """How far the weights went."""
        before, self._before = self._before, {}
        for parameter in _parameters(optimizer) if before else ():
            if id(parameter) not in before:
                continue
            copy, look = before[id(parameter)]
            moved = (_copied(parameter) - copy).float().norm() / copy.float().norm()
            self.session.numbers.read(moved, functools.partial(look.__setitem__, "update"))

    def step_ended(self, step: int) -> None:
        """Nothing is kept beyond its step."""
        self._before.clear()

    def facts(self) -> Family | Missing:
        """The layers in the order the optimizers hold them."""
        if not self._known:
            return Missing("no optimizer updated a weight of a known model at a look")
        return {
            "layers": [_record(known) for known in self._known.values()],
            "totals": self._totals.pairs(),
            "rates": self._rates,
        }


def _receive(look: dict[str, Any], values: list[float]) -> None:
    keys = ("gradient", "largest", "zeros", "zero_rows", "weight")
    look.update(zip(keys, values, strict=True))


def _record(known: _Known) -> GradientLayer:
    return {
        "name": known.named.layer,
        "kind": known.named.kind,
        "optimizer": known.optimizer,
        "numel": known.numel,
        "fan_in": known.fan_in,
        "looks": [_look(look) for look in known.looks if "weight" in look],
        "place": known.named.place,
    }


def _look(look: dict[str, Any]) -> GradientLook:
    update = look["update"]
    return {
        "step": look["step"],
        "gradient": look["gradient"],
        "largest": look["largest"],
        "zeros": look["zeros"],
        "zero_rows": look["zero_rows"],
        "weight": look["weight"],
        "update": update if update is not None and math.isfinite(update) else None,
    }


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _is_dense(parameter: Tensor) -> bool:
    gradient = parameter.grad
    return (
        gradient is not None
        and is_plain(parameter)
        and is_plain(gradient)
        and parameter.layout == gradient.layout == torch.strided
        and parameter.is_floating_point()
        and parameter.numel() > 0
    )


def _every(values: Tensor, size: int) -> Tensor:
    """About ``size`` of the values, spread over all; odd steps do not stay in one column."""
    step = values.numel() // size
    return values.reshape(-1)[:: step | 1] if step > 1 and values.is_contiguous() else values


def _part(values: Tensor | None) -> tuple[Tensor, float]:
    """A sample of a tensor, and by how much its norm is to be scaled."""
    assert values is not None
    part = _every(values, _SAMPLE)
    return part, math.sqrt(values.numel() / max(1, part.numel()))


def _copied(parameter: Tensor) -> Tensor:
    return _every(parameter.detach(), _COPIED)


def _zeros(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of entries and of rows that are exactly zero."""
    rows = gradient.flatten(1)
    zero = rows[:, :: max(1, gradient.numel() // _SAMPLE)] == 0
    return zero.float().mean(), zero.all(1).float().mean()
