"""Models in training and evaluation mode; what batch normalisation sees, and whether it drifts."""

import weakref
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.observe import locate
from unstuck.observe.graph import Walk
from unstuck.observe.passes import Forward
from unstuck.observe.session import Missing, Root, Session
from unstuck.records.modes import BatchNormLayer, Mode

_LAYERS = 200


@dataclass
class _Layer:
    """A batch normalisation; ``before`` is the layer with parameters that comes before it."""

    name: str
    reference: "weakref.ref[nn.Module]"
    before: "weakref.ref[nn.Module] | None"
    record: BatchNormLayer
    start: tuple[int, Tensor, Tensor, Tensor | None] | None = None


@dataclass
class _Model:
    root: Root
    dropout: list[str] = field(default_factory=list)
    layers: list[_Layer] = field(default_factory=list)
    newest: int = -1
    quiet_newest: bool = False
    steps: int = 0
    quiet: int = 0
    quiet_since: int | None = None
    forward_place: Any = None
    numel: int = 0
    trainable: int = 0
    optimized: int = 0


class Modes:
    """Counts steps by mode; measures batch normalisations at the looks."""

    family = "modes"
    session: Session

    def __init__(self) -> None:
        self._models: dict[int, _Model] = {}
        self._optimized: set[int] = set()
        self._looked = -1
        self._shapes: dict[int, Counter[tuple[int, int, int]]] = {}

    def passed(self, forward: Forward) -> None:
        """A forward pass that a backward pass reached is one of training."""
        if not forward.trained:
            return
        model = self._models.get(id(forward.root))
        if model is None:
            model = self._models[id(forward.root)] = self._new(forward.root)
        model.forward_place = model.forward_place or forward.place
        quiet = not forward.training and not forward.noise
        if forward.step != model.newest:
            _finish_step(model)
            model.newest, model.quiet_newest = forward.step, quiet
        else:
            model.quiet_newest = model.quiet_newest and quiet

    def _new(self, root: Root) -> _Model:
        model = _Model(root)
        module = root.module
        if module is not None:
            noise = self.session.passes.noise_of(root, module)
            model.dropout = [name or root.name for name, _ in noise.dropout][:50]
            model.layers = self._layers(root, module)
        return model

    def _layers(self, root: Root, module: nn.Module) -> list[_Layer]:
        found: list[_Layer] = []
        before: nn.Module | None = None
        for name, inner in module.named_modules():
            own = next(inner.parameters(recurse=False), None) is not None
            if isinstance(inner, nn.modules.batchnorm._BatchNorm) and len(found) < _LAYERS:
                full = f"{root.name}.{name}" if name else root.name
                record: BatchNormLayer = {
                    "name": full,
                    "kind": type(inner).__name__,
                    "channels": inner.num_features,
                    "values": None,
                    "batch": None,
                    "fresh": False,
                    "frozen_updates": 0,
                    "drift": None,
                    "place": locate.assignment(module, name) or root.place,
                }
                previous = weakref.ref(before) if before is not None else None
                found.append(_Layer(full, weakref.ref(inner), previous, record))
            if own:
                before = inner
        return found

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """Before a batch can move the statistics."""
        model = self._models.get(id(root))
        if model is None and grad and torch.is_tensor(next(module.parameters(), None)):
            model = self._models[id(root)] = self._new(root)
        if model is not None and self.session.looking and grad:
            for layer in model.layers:
                self._watch_drift(layer)

    def _watch_drift(self, layer: _Layer) -> None:
        """Measure a frozen layer against the moment from which it has been frozen."""
        module: Any = layer.reference()
        if module is None or module.running_mean is None:
            return
        if not (module.training and _is_frozen(module, layer.before)):
            layer.start = None if module.training else layer.start
            return
        weight = module.weight.detach() if module.weight is not None else None
        if layer.start is None:
            self._begin(layer, module, weight)
            return
        updates, mean, variance, old = layer.start
        moved = (module.running_mean.detach() - mean) / (variance + module.eps).sqrt()
        layer.record["frozen_updates"] = self.session.updates - updates

        def receive(number: float) -> None:
            layer.record["drift"] = number

        def receive_change(number: float) -> None:
            if number:  # an averaged copy moves without gradients
                layer.start = layer.record["drift"] = None
                layer.record["frozen_updates"] = 0

        self.session.numbers.read(moved.double().square().mean().sqrt(), receive)
        if old is not None and weight is not None:
            self.session.numbers.read((old - weight).abs().max(), receive_change)

    def _begin(self, layer: _Layer, module: Any, weight: Tensor | None) -> None:
        """The layer has just been found frozen."""
        copies = module.running_mean.detach().clone(), module.running_var.detach().clone()
        copied = weight.clone() if weight is not None else None
        layer.start = (self.session.updates, *copies, copied)

        def receive(number: float) -> None:
            layer.record["fresh"] = number == 0

        if module.num_batches_tracked is not None:
            self.session.numbers.read(module.num_batches_tracked, receive)

    def walked(self, walk: Walk) -> None:
        """What batch normalisations in the graph of the loss gave: (samples, channels, ...)."""
        if self._looked == self.session.step:
            return
        self._looked = self.session.step
        for shape in walk.batch_norms[:1000]:
            if len(shape) >= 2:
                size = torch.Size(shape).numel()
                values = size // max(1, shape[1])
                self._shapes.setdefault(shape[1], Counter())[(values, shape[0], len(shape))] += 1

    def updating(self, optimizer: torch.optim.Optimizer) -> None:
        """Which parameters an optimizer holds."""
        if not self.session.looking:
            return
        self._optimized |= {id(p) for group in optimizer.param_groups for p in group["params"]}
        for model in self._models.values():
            module = model.root.module
            if module is not None:
                self._count(model, module)

    def _count(self, model: _Model, module: nn.Module) -> None:
        parameters = list(module.parameters())
        trainable = [p for p in parameters if p.requires_grad]
        model.numel = sum(p.numel() for p in parameters)
        model.trainable = sum(p.numel() for p in trainable)
        model.optimized = sum(p.numel() for p in trainable if id(p) in self._optimized)

    def facts(self) -> list[Mode] | Missing:
        """The models that were trained."""
        if "passes" in self.session.guard.losses:
            return Missing(self.session.guard.losses["passes"])
        found = [_record(model, self._shapes) for model in self._models.values()]
        found = [record for record in found if record["steps"]]
        return found or Missing("no forward pass of a model was seen to be trained")


def _finish_step(model: _Model) -> None:
    """Count the newest step, if there is one."""
    if model.newest < 0:
        return
    model.steps += 1
    if not model.quiet_newest:
        model.quiet, model.quiet_since = 0, None
        return
    model.quiet += 1
    if model.quiet_since is None:
        model.quiet_since = model.newest


def _record(model: _Model, shapes: dict[int, Counter[tuple[int, int, int]]]) -> Mode:
    newest = int(model.newest >= 0)
    quiet = bool(newest and model.quiet_newest)
    began = model.newest if model.quiet_since is None else model.quiet_since
    for layer in model.layers:
        seen = shapes.get(layer.record["channels"])
        if seen:
            # The usual batch: most often seen; of several layers as wide, the one with fewest.
            most = max(seen.values())
            usual = min(key for key, count in seen.items() if count == most)
            layer.record["values"], layer.record["batch"] = usual[0], usual[1]
    return {
        "model": model.root.name,
        "place": model.root.place,
        "forward_place": model.forward_place,
        "dropout": model.dropout,
        "batch_norm": [{**layer.record} for layer in model.layers],
        "steps": model.steps + newest,
        "quiet_steps": model.quiet + 1 if quiet else 0,
        "quiet_since": began if quiet else None,
        "numel": model.numel,
        "trainable": model.trainable,
        "optimized": model.optimized,
    }


def _is_frozen(module: Any, before: "weakref.ref[nn.Module] | None") -> bool:
    """Whether neither it nor the layer before it learns, though it has parameters."""
    own = list(module.parameters(recurse=False))
    previous = before() if before is not None else None
    others = list(previous.parameters(recurse=False)) if previous is not None else []
    return bool(own) and not any(p.requires_grad for p in [*own, *others])
