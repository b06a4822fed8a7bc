"""What the trained models receive, and what of it reaches their first layers."""

import functools
import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.observe import locate
from unstuck.observe.columns import Columns
from unstuck.observe.saved import data_layers
from unstuck.observe.session import Missing, Root, Session, is_plain
from unstuck.records.finding import Place
from unstuck.records.inputs import Argument, DataLayer, NonFinite
from unstuck.records.inputs import Inputs as Family

_ARGUMENTS, _LAYERS, _LOOKS = 32, 32, 12
# Entries that are summed at each step; of larger tensors a sample, except at looks.
_ENTRIES, _SAMPLE = 2**22, 1024


@dataclass
class _Argument:
    model: str
    name: str
    place: Place | None
    dtype: str
    shape: list[int]
    integer: bool
    made: bool = False
    calls: int = 0
    step: int = -1
    prints: dict[int, list[float]] = field(default_factory=dict)
    looks: list[dict[str, float]] = field(default_factory=list)
    nonfinite: NonFinite | None = None


@dataclass
class _Layer:
    name: str
    kind: str
    place: Place | None
    columns: Columns
    looks: int = 0


class Inputs:
    """Compares batches by a sum and a weighted sum; looks closely at the sampled steps."""

    family = "inputs"
    session: Session

    def __init__(self) -> None:
        self._arguments: dict[tuple[int, str], _Argument] = {}
        self._layers: dict[int, _Layer] = {}
        self._hidden = 0
        self._ramps: dict[tuple[int, torch.device], Tensor] = {}

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """Arguments by position, before the model can change them."""
        if grad:
            for index, value in enumerate(arguments[:8]):
                self._take(root, module, str(index), value)

    def forwarded(
        self,
        root: Root,
        module: nn.Module,
        arguments: Any,
        keywords: dict[str, Any],
        output: Any,
        grad: bool,
    ) -> None:
        """Arguments by keyword."""
        if grad:
            for name, value in list(keywords.items())[:8]:
                self._take(root, module, name, value)

    def _take(self, root: Root, module: nn.Module, name: str, value: Any) -> None:
        if not is_plain(value) or value.layout != torch.strided or not value.numel():
            return
        if value.is_complex() or value.is_quantized or not value.dim():
            return
        key = (id(module), name)
        known = self._arguments.get(key)
        if known is None:
            if len(self._arguments) >= _ARGUMENTS:
                return
            known = self._arguments[key] = _Argument(
                root.name,
                name,
                locate.place_of(locate.person_frame(3)),
                str(value.dtype).removeprefix("torch."),
                list(value.shape),
                not value.is_floating_point(),
            )
        known.calls += 1
        known.made = known.made or value.requires_grad
        self._compare(known, value.detach())
        if self.session.looking and len(known.looks) < _LOOKS and len(value):
            self._look(known, value.detach())

    def _compare(self, known: _Argument, value: Tensor) -> None:
        """A fingerprint of the step's first call; every call is asked for what is not finite."""
        step, first = self.session.step, known.step != self.session.step
        known.step = step
        flat = value.reshape(-1) if value.numel() <= _ENTRIES or self.session.looking else None
        if flat is None:
            flat = value[:: max(1, math.ceil(value.numel() / _ENTRIES))].reshape(-1)
        if not flat.is_floating_point():
            flat = flat[:: max(1, len(flat) // _SAMPLE)].float() if not first else flat.float()
        total = flat.sum()
        bad = functools.partial(self._judge, known, known.calls - 1, value, step)
        if value.is_floating_point():
            self.session.numbers.read(total, bad if value.device.type == "cpu" else _late(bad))
        if first and len(known.prints) < 512:
            sample = flat[:: max(1, len(flat) // _SAMPLE)][:_SAMPLE].float()
            print_ = known.prints[step] = []
            self.session.numbers.read(total, print_.append)
            # Not a product of matrices: autocast would round it.
            self.session.numbers.read((sample * self._ramp(sample)).sum(), print_.append)

    def _ramp(self, sample: Tensor) -> Tensor:
        key = (len(sample), sample.device)
        if key not in self._ramps:
            self._ramps[key] = torch.linspace(0.5, 1.5, len(sample), device=sample.device)
        return self._ramps[key]

    def _judge(
        self, known: _Argument, call: int, value: Tensor | None, step: int, total: float
    ) -> None:
        """Where the entries are that are not finite, if the sum says that there are some."""
        if math.isfinite(total):
            return
        if known.nonfinite is not None:
            known.nonfinite["calls"] += 1
            return
        found: NonFinite = {
            "step": step,
            "call": call,
            "entries": 0,
            "of": 0,
            "rows": [],
            "columns": [],
            "calls": 1,
        }
        if value is not None:
            bad = ~torch.isfinite(value.reshape(len(value), -1))
            if not bool(bad.any()):  # a sum that overflowed
                return
            found["entries"], found["of"] = int(bad.sum()), bad.numel()
            found["rows"] = bad.any(1).nonzero().reshape(-1)[:8].tolist()
            if value.dim() == 2:
                found["columns"] = bad.any(0).nonzero().reshape(-1)[:8].tolist()
        known.nonfinite = found

    def _look(self, known: _Argument, value: Tensor) -> None:
        look: dict[str, float] = {"rows": len(value)}
        known.looks.append(look)
        rows = value.reshape(len(value), -1)
        rows = rows[:512, :: max(1, rows.shape[1] // 4096)].float()
        marks = (rows * self._ramp(rows[0])).sum(1).sort().values
        repeated = (marks[1:] == marks[:-1]).float().mean() if len(rows) > 1 else marks[0] * 0
        numbers = {
            "same_rows": (rows == rows[:1]).all(),
            "constant": (rows == rows[0, 0]).all(),
            "value": rows[0, 0],
            "duplicates": repeated,
        }
        for name, number in numbers.items():
            self.session.numbers.read(number, functools.partial(look.__setitem__, name))

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """What reached the first layers, which may have been scaled or normalised on the way."""
        if not (adds and self.session.looking):
            return
        layers, hidden = data_layers([t for t in tensors if is_plain(t)])
        self._hidden += hidden
        for kind, weight, value in layers:
            known = self._layers.get(id(weight))
            if known is None and len(self._layers) < _LAYERS:
                name, place = self._name(weight)
                axis = 1 if kind.startswith("Conv") else value.dim() - 1
                known = self._layers[id(weight)] = _Layer(
                    name, kind.removesuffix("Backward0"), place, Columns(axis)
                )
            if known is not None and known.looks < _LOOKS:
                known.looks += 1
                known.columns.add(value)

    def _name(self, weight: Tensor) -> tuple[str, Place | None]:
        for root in self.session.roots:
            module = root.module
            for name, parameter in module.named_parameters() if module is not None else ():
                if parameter is weight:
                    layer = name.rpartition(".")[0]
                    place = locate.assignment(module, layer) if layer else None
                    return f"{root.name}.{layer}" if layer else root.name, place or root.place
        leaf = self.session.leaves.get(id(weight))
        return (leaf.name, leaf.place) if leaf is not None else ("", None)

    def facts(self) -> Family | Missing:
        """Arguments and layers in the order they were first seen."""
        if not self._arguments and not self._layers:
            return Missing("no tensor given to a model in training was seen")
        layers = [_layer(known) for known in self._layers.values()]
        return {
            "arguments": [_argument(known) for known in self._arguments.values()],
            "layers": [each for each in layers if each is not None]
            if layers or not self._hidden
            else None,
        }


def _late(judge: Any) -> Any:
    """From a device the number comes late: the tensor may be another one by then."""
    known, call, _, step = judge.args
    return functools.partial(judge.func, known, call, None, step)


def _argument(known: _Argument) -> Argument:
    prints = [tuple(each) for _, each in sorted(known.prints.items()) if len(each) == 2]
    looks = [look for look in known.looks if "duplicates" in look and look["rows"] > 1]
    return {
        "model": known.model,
        "name": known.name,
        "place": known.place,
        "dtype": known.dtype,
        "shape": known.shape,
        "integer": known.integer,
        "made": known.made,
        "calls": known.calls,
        "steps": len(prints),
        "distinct": len(set(prints)),
        "unchanged": sum(a == b for a, b in itertools.pairwise(prints)),
        "looks": len(looks),
        "same_rows": sum(bool(look["same_rows"]) for look in looks),
        "constant": sum(bool(look["constant"]) for look in looks),
        "value": looks[-1]["value"] if looks else 0.0,
        "duplicates": max((look["duplicates"] for look in looks), default=0.0),
        "nonfinite": known.nonfinite,
    }


def _layer(known: _Layer) -> DataLayer | None:
    whole = known.columns.whole()
    if whole is None:
        return None
    return {
        "name": known.name,
        "kind": known.kind,
        "place": known.place,
        "looks": known.looks,
        "rows": known.columns.rows,
        "features": known.columns.features,
        "mean": whole["mean"],
        "root_mean_square": whole["root_mean_square"],
        "minimum": whole["minimum"],
        "maximum": whole["maximum"],
        "columns": known.columns.columns(),
    }
