"""What the non-linearities let through, read from what autograd saved for the backward pass."""

import functools
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from unstuck.observe import structure
from unstuck.observe.graph import Walk
from unstuck.observe.session import Missing, Session
from unstuck.records.activations import Activation, ActivationLook, Histogram

_FUNCTIONS, _LOOKS, _UNITS = 200, 40, 4096
_ENTRIES, _BINS, _BINNED = 1 << 18, 20, 4096
_HISTORY = 3
_RESULTS = ("ReluBackward0", "SigmoidBackward0", "TanhBackward0")
_NUMBERS = ("zeros", "saturated", "mean", "deviation", "minimum", "maximum")


@dataclass
class _Known:
    layer: structure.Named
    kind: str
    units: int
    of_input: bool
    gate: bool
    output: bool
    looks: list[dict[str, Any]] = field(default_factory=list)
    alive: list[Tensor] = field(default_factory=list)
    histograms: dict[str, Histogram] = field(default_factory=dict)


class Activations:
    """One record for each layer and kind of function behind it."""

    family = "activations"
    session: Session

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}
        self._hooks = False
        self._walks = 0

    def walked(self, walk: Walk) -> None:
        """One graph, before its backward pass frees what was saved."""
        self._walks += 1
        self._hooks = self._hooks or not walk.readable
        found = structure.of(walk, self.session) if walk.readable else None
        if found is None:
            return
        uses = {(f.layer.named.layer, f.kind): f for f in found.functions if f.layer is not None}
        for key, function in uses.items():
            self._look(key, function)

    def _look(self, key: tuple[str, str], function: structure.FunctionNode) -> None:
        known = self._known.get(key)
        layer = function.layer
        if layer is None or (known is None and len(self._known) >= _FUNCTIONS):
            return
        if known is not None and (len(known.looks) >= _LOOKS or self._looked(known)):
            return
        of_result = function.node.name() in _RESULTS
        values = structure.saved(function.node, "result" if of_result else "self")
        if values is None or not values.numel() or not values.is_floating_point():
            return
        if known is None:
            known = self._known[key] = _Known(
                layer.named,
                function.kind,
                layer.outputs,
                not of_result,
                function.gate,
                function.output,
            )
        known.gate, known.output = known.gate or function.gate, known.output or function.output
        self._measure(known, layer, values)

    def _looked(self, known: _Known) -> bool:
        return bool(known.looks) and known.looks[-1]["step"] == self.session.step

    def _measure(self, known: _Known, layer: structure.LayerNode, values: Tensor) -> None:
        look: dict[str, Any] = {"step": self.session.step}
        known.looks.append(look)
        unit = _unit_dimension(values, layer)
        values = _thinned(values, unit).float()
        look["rows"] = values.numel() // (values.shape[unit] if unit is not None else 1)
        parts = [_statistics(values, known.kind), _varies(layer, values.device)]
        if unit is not None and known.kind in ("ReLU",):
            parts.append(self._deaths(known, values.movedim(unit, -1).flatten(0, -2)))
        low, high, counts = _histogram(values)
        parts += [torch.stack([low, high]), counts]
        vector = torch.cat([part.to(torch.float64) for part in parts])
        receive = functools.partial(_receive, known, look, len(parts) == 5)
        self.session.numbers.read_all(vector, receive)

    def _deaths(self, known: _Known, rows: Tensor) -> Tensor:
        alive = (rows > 0).any(0)[:_UNITS]
        if known.alive and (known.alive[0].shape, known.alive[0].device) != (
            alive.shape,
            alive.device,
        ):
            known.alive.clear()
        known.alive = [*known.alive, alive][-_HISTORY:]
        ever = torch.stack(known.alive).any(0)
        return torch.stack([1 - alive.double().mean(), 1 - ever.double().mean()])

    def facts(self) -> list[Activation] | Missing:
        """The functions, inputs first."""
        if self._known:
            return [_record(known) for known in self._known.values()]
        if self._hooks:
            return Missing(
                "saved tensors have hooks (activation checkpointing, save_on_cpu): reading them "
                "would run code"
            )
        if not self._walks:
            return Missing("no backward pass was seen")
        return Missing("no layer with a non-linearity behind it was seen in the graph")


def _receive(known: _Known, look: dict[str, Any], units: bool, values: list[float]) -> None:
    look.update(zip(_NUMBERS, values, strict=False))
    rest = values[len(_NUMBERS) :]
    look["varies"] = rest[0] != 0
    look["dead"] = rest[1] if units else None
    full = len(known.alive) >= _HISTORY
    look["dead_for_long"] = rest[2] if units and full else None
    low, high, *counts = rest[3:] if units else rest[1:]
    histogram: Histogram = {
        "step": look["step"],
        "low": low,
        "high": high,
        "counts": [int(count) for count in counts],
    }
    known.histograms["last" if known.histograms else "first"] = histogram


def _record(known: _Known) -> Activation:
    return {
        "layer": known.layer.layer,
        "kind": known.kind,
        "units": known.units,
        "of_input": known.of_input,
        "gate": known.gate,
        "output": known.output,
        "looks": [_look(look) for look in known.looks if "varies" in look],
        "histograms": list(known.histograms.values()),
        "place": known.layer.place,
    }


def _look(look: dict[str, Any]) -> ActivationLook:
    return {
        "step": look["step"],
        "rows": look["rows"],
        "zeros": look["zeros"],
        "saturated": look["saturated"],
        "mean": look["mean"],
        "deviation": look["deviation"],
        "minimum": look["minimum"],
        "maximum": look["maximum"],
        "dead": look["dead"],
        "dead_for_long": look["dead_for_long"],
        "varies": look["varies"],
    }


def _unit_dimension(values: Tensor, layer: structure.LayerNode) -> int | None:
    """Channels come second behind a convolution and last behind a matrix."""
    if values.dim() < 2:
        return None
    place = 1 if layer.kernel else values.dim() - 1
    return place if values.shape[place] == layer.outputs else None


def _thinned(values: Tensor, unit: int | None) -> Tensor:
    """At most about a quarter of a million entries, with all units."""
    while values.numel() > _ENTRIES:
        sizes = [0 if place == unit else size for place, size in enumerate(values.shape)]
        widest = max(range(len(sizes)), key=lambda place: sizes[place])
        if sizes[widest] < 2:
            return values.narrow(unit or 0, 0, min(values.shape[unit or 0], _UNITS))
        values = values[(slice(None),) * widest + (slice(None, None, 2),)]
    return values


def _statistics(values: Tensor, kind: str) -> Tensor:
    zeros = (values == 0).float().mean()
    deviation = values.std() if values.numel() > 1 else torch.zeros_like(zeros)
    low, high = values.aminmax()
    return torch.stack([zeros, _saturated(values, kind), values.mean(), deviation, low, high])


def _saturated(values: Tensor, kind: str) -> Tensor:
    """Share of entries whose slope is below a hundredth of the steepest."""
    if kind == "tanh":
        flat = 1 - values.square() < 0.01
    elif kind == "sigmoid":
        flat = 4 * values * (1 - values) < 0.01
    else:
        return torch.zeros((), device=values.device)
    return flat.float().mean()


def _varies(layer: structure.LayerNode, device: torch.device) -> Tensor:
    """1 if what enters the layer differs between samples, or cannot be seen."""
    saved = (structure.saved(layer.node, name) for name in ("mat1", "input", "self"))
    entering = next((each for each in saved if each is not None and each.dim() > 1), None)
    if entering is None or len(entering) < 2:
        return torch.ones(1, device=device)
    rows = entering[:: max(1, len(entering) // 16)][:32].flatten(1)[:, :4096]
    return (rows != rows[:1]).any().reshape(1)


def _histogram(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Counted by comparisons: ``torch.histc`` refuses to run on GPUs in deterministic mode."""
    flat = values.reshape(-1)
    flat = flat[:: (len(flat) // _BINNED) | 1][: 2 * _BINNED].nan_to_num()
    low, high = flat.aminmax()
    places = ((flat - low) / (high - low).clamp_min(1e-30) * _BINS).long().clamp(0, _BINS - 1)
    counts = (places[:, None] == torch.arange(_BINS, device=flat.device)).sum(0)
    return low, high, counts
