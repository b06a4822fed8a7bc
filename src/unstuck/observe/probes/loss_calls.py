"""Every line that calls a loss function: what goes in, what comes out, and the best constant."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.observe import graph, locate
from unstuck.observe.constant import ConstantPrediction
from unstuck.observe.session import LossCallEvent, Missing, Root, Session
from unstuck.records.loss_calls import Input, LossCall, Operation
from unstuck.records.series import BoundedSeries

_MODULES = {
    "SoftmaxBackward0": (nn.Softmax, ("softmax", "Softmax")),
    "ReluBackward0": (nn.ReLU, ("relu", "ReLU", "relu_")),
    "SigmoidBackward0": (nn.Sigmoid, ("sigmoid", "Sigmoid")),
    "SoftplusBackward0": (nn.Softplus, ("softplus", "Softplus")),
    "GeluBackward0": (nn.GELU, ("gelu", "GELU")),
    "SiluBackward0": (nn.SiLU, ("silu", "SiLU")),
    "EluBackward0": (nn.ELU, ("elu", "ELU")),
    "HardtanhBackward0": (nn.ReLU6, ("relu6", "ReLU6", "hardtanh")),
    "AbsBackward0": (nn.Identity, ("abs",)),
    "ExpBackward0": (nn.Identity, ("exp",)),
}
_BROADCASTING = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")


@dataclass
class _Site:
    """What is known of one line."""

    event: LossCallEvent
    step: int
    input_shape: list[int]
    target_shape: list[int]
    constant: ConstantPrediction
    calls: int = 0
    values: BoundedSeries = field(default_factory=BoundedSeries)
    chain: list[str] = field(default_factory=list)
    opaque: bool = False
    operation: Operation | None = None
    inputs: list[dict[str, float]] = field(default_factory=list)
    broadcast_calls: int = 0
    broadcast: tuple[list[int], list[int], list[int]] = ((), (), ())  # type: ignore[assignment]


class LossCalls:
    """Keeps one record a line, function and gradient mode; at most 64 of them."""

    family = "loss_calls"
    session: Session

    def __init__(self) -> None:
        self._sites: dict[tuple[Any, ...], _Site] = {}
        self._in_step = False
        self._steps_with_targets_made = 0
        self._steps = 0
        self._made = False
        self._trained = False

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """Notice targets that a network makes within the step (a target network, a teacher)."""
        if grad:
            self._in_step = self._trained = True
        elif self._in_step or not root.trained:
            self._made = True

    def updated(self, optimizer: Any) -> None:
        """The step's own forwards are over."""
        self._in_step = False

    def step_ended(self, step: int) -> None:
        """Count the steps in which one network was trained and one ran without gradients."""
        self._steps += 1
        self._steps_with_targets_made += self._made and self._trained
        self._made = self._trained = False

    def loss_called(self, event: LossCallEvent) -> None:
        """One call; looked at closely at the sampled steps."""
        key = (*event.place_key, event.function, event.training)
        site = self._sites.get(key)
        if site is None:
            if len(self._sites) >= 64:
                return
            site = self._sites[key] = self._new(event)
        site.calls += 1
        step = self.session.step
        value = event.result if event.result.numel() == 1 else event.result.mean()
        scale = site.constant.elements(event) if event.options.get("reduction") == "sum" else 1.0
        self.session.numbers.read(value, lambda number: site.values.add(step, number / scale))
        site.constant.add(event)
        self._note_broadcast(site, event)
        if self.session.looking and len(site.inputs) < 64:
            self._look(site, event)

    def _new(self, event: LossCallEvent) -> _Site:
        return _Site(
            event=_without_tensors(event),
            step=self.session.step,
            input_shape=list(event.prediction.shape),
            target_shape=list(event.target.shape),
            constant=ConstantPrediction(event.function),
        )

    def _note_broadcast(self, site: _Site, event: LossCallEvent) -> None:
        if event.function not in _BROADCASTING or event.prediction.shape == event.target.shape:
            return
        result = torch.broadcast_shapes(  # type: ignore[no-untyped-call]
            event.prediction.shape, event.target.shape
        )
        if result.numel() > max(event.prediction.numel(), event.target.numel()):
            if not site.broadcast_calls:
                shapes = (event.prediction.shape, event.target.shape, result)
                site.broadcast = tuple(list(shape) for shape in shapes)  # type: ignore[assignment]
            site.broadcast_calls += 1

    def _look(self, site: _Site, event: LossCallEvent) -> None:
        site.chain, site.opaque = graph.chain(event.prediction)
        if site.operation is None and site.chain:
            site.operation = self._operation(site.chain)
        if not event.prediction.numel() or not event.prediction.is_floating_point():
            return
        look: dict[str, float] = {}
        site.inputs.append(look)
        for name, scalar in _statistics(event.prediction.detach()).items():
            self.session.numbers.read(scalar, _keep(look, name))

    def _operation(self, chain: list[str]) -> Operation | None:
        """The module that made the predictions if there is just one of its kind, and its line."""
        node = next((name for name in chain if name in _MODULES), None)
        if node is None or node not in chain[:2]:
            return None
        kind, words = _MODULES[node]
        for root in self.session.roots:
            module = root.module
            if module is None or not root.trained:
                continue
            named = _last_of(module, kind)
            if named is not None:
                place = locate.assignment(module, named) or root.place
                return {"node": node, "name": f"{root.name}.{named}", "place": place}
            lines = locate.call_lines(module, words)
            if len(lines) == 1:
                return {"node": node, "name": "", "place": lines[0]}
        return {"node": node, "name": "", "place": None}

    def facts(self) -> list[LossCall] | Missing:
        """The lines, in the order they were first called."""
        if not self._sites:
            if self.session.compiles:
                return Missing("torch.compile hides the call of the loss function")
            if self.session.backwards:
                return Missing(
                    "no loss function of torch.nn.functional was called: the loss is written by hand, "
                    "or was imported by name before the watching began"
                )
            return Missing("no loss was computed")
        moving = self._steps_with_targets_made >= 0.5 * max(1, self._steps)
        return [_record(site, moving) for site in self._sites.values()]


def _record(site: _Site, moving: bool) -> LossCall:
    event = site.event
    return {
        "function": event.function,
        "place": event.place,
        "training": event.training,
        "calls": site.calls,
        "first_step": site.step,
        "values": site.values.pairs(),
        "input_shape": site.input_shape,
        "target_shape": site.target_shape,
        "broadcast_calls": site.broadcast_calls,
        "broadcast_input": list(site.broadcast[0]),
        "broadcast_target": list(site.broadcast[1]),
        "broadcast_result": list(site.broadcast[2]),
        "chain": site.chain,
        "opaque": site.opaque,
        "operation": site.operation,
        "input": _summary([look for look in site.inputs if len(look) == 4]),
        "constant": site.constant.best(),
        "moving_targets": moving,
    }


def _statistics(values: Tensor) -> dict[str, Tensor]:
    """Extremes, zeros, and the largest distance of a row's sum from 1."""
    values = values.float()
    classes = 1 if values.dim() > 1 else 0
    return {
        "minimum": values.min(),
        "maximum": values.max(),
        "zeros": (values == 0).float().mean(),
        "from_one": (values.sum(classes) - 1).abs().max(),
    }


def _summary(looks: list[dict[str, float]]) -> Input | None:
    if not looks:
        return None
    low, high = min(x["minimum"] for x in looks), max(x["maximum"] for x in looks)
    # 1e-4: rounding of a sum of up to thousands of float32 probabilities; bfloat16 misses it.
    sums = max(x["from_one"] for x in looks) < 1e-4
    return {
        "samples": len(looks),
        "minimum": low,
        "maximum": high,
        "zero_share": max(x["zeros"] for x in looks),
        "stochastic": low >= 0 and high <= 1 and sums,
    }


def _keep(look: dict[str, float], name: str) -> Any:
    def receive(value: float) -> None:
        look[name] = value

    return receive


def _last_of(module: nn.Module, kind: type[nn.Module]) -> str | None:
    """The name of the last module of this kind; a network's output comes last."""
    found = [name for name, child in module.named_modules() if type(child) is kind and name]
    return found[-1] if found else None


def _without_tensors(event: LossCallEvent) -> LossCallEvent:
    """The event without what it would keep alive."""
    empty = torch.empty(0)
    return LossCallEvent(
        event.function, empty, empty, {}, empty, event.place_key, event.place, event.training
    )
