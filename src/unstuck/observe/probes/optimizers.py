"""Every optimizer: its settings, its updates, and whether its gradients were cleared between them."""

import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.observe import locate
from unstuck.observe.session import Missing, Session
from unstuck.records.finding import Place
from unstuck.records.optimizers import Optimizer as Family

_SETTINGS = (
    "lr momentum weight_decay eps alpha dampening nesterov amsgrad decoupled_weight_decay"
).split()


@dataclass
class _Known:
    """One optimizer. ``cleared``: its gradients were seen cleared since its last update.

    Held weakly: a script may train one model after another and expect their memory back.
    """

    reference: "weakref.ref[Optimizer]"
    key: int | None
    name: str
    built_at: Place | None
    stepped_at: Place | None = None
    steps: int = 0
    settings: dict[str, float] = field(default_factory=dict)
    groups: int = 0
    numel: int = 0
    with_gradient: int = 0
    cleared: bool = True
    accumulated: bool = False
    watched: list[Tensor] = field(default_factory=list)
    judged: int = 0
    stale: int = 0
    first_stale: int | None = None

    def measure(self, optimizer: Optimizer) -> None:
        """Sizes now; the settings of the first look."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        graded = sum(p.numel() for p in parameters if p.grad is not None)
        self.groups = len(optimizer.param_groups)
        self.numel = sum(p.numel() for p in parameters)
        self.with_gradient = max(self.with_gradient, graded)
        if not self.steps:
            self.settings = _settings(optimizer)


class Optimizers:
    """Knows optimizers from when they are built, or from their first update."""

    family = "optimizers"
    session: Session

    def __init__(self) -> None:
        self._all: list[_Known] = []

    def optimizer_built(self, optimizer: Optimizer, place: Place | None) -> None:
        """A new optimizer."""
        self._new(optimizer, place)

    def _new(self, optimizer: Optimizer, place: Place | None) -> _Known:
        for old in self._all:
            if old.key == id(optimizer):  # a new optimizer in the place of one that is gone
                old.steps, old.key = self.session.updates_of.pop(old.key, old.steps), None
        known = _Known(weakref.ref(optimizer), id(optimizer), type(optimizer).__name__, place)
        known.measure(optimizer)
        self._all.append(known)
        return known

    def _of(self, optimizer: Optimizer) -> _Known:
        found = next((each for each in self._all if each.reference() is optimizer), None)
        return found or self._new(optimizer, None)

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """Before gradients are added: is what the last update used still there?"""
        if not adds:
            return
        for known in self._all:
            if known.steps and known.watched:
                known.accumulated = True
                known.cleared = known.cleared or any(_is_clear(p) for p in known.watched)

    def updating(self, optimizer: Optimizer) -> None:
        """Judge the update about to be made."""
        known = self._of(optimizer)
        if known.steps and known.accumulated:
            known.judged += 1
            if not known.cleared:
                known.stale += 1
                known.first_stale = (
                    self.session.step if known.first_stale is None else known.first_stale
                )
        if known.stepped_at is None:
            known.stepped_at = locate.place_of(locate.person_frame(3))
        if self.session.looking:
            known.measure(optimizer)

    def updated(self, optimizer: Optimizer) -> None:
        """From here on the gradients are old."""
        known = self._of(optimizer)
        known.steps += 1
        known.cleared = known.accumulated = False
        known.watched = _representatives(optimizer)

    def lapsed(self) -> None:
        """What happens to gradients is not seen from here on."""
        for known in self._all:
            known.watched, known.accumulated = [], False

    def facts(self) -> list[Family] | Missing:
        """The optimizers, in the order they were built."""
        if not self._all:
            return Missing("no optimizer of torch.optim was built or stepped")
        for known in self._all:
            if known.key is not None:
                known.steps = self.session.updates_of.get(known.key, known.steps)
        return [_record(known) for known in self._all]


def _record(known: _Known) -> Family:
    return {
        "name": known.name,
        "built_at": known.built_at,
        "stepped_at": known.stepped_at,
        "steps": known.steps,
        "settings": known.settings,
        "groups": known.groups,
        "numel": known.numel,
        "with_gradient": known.with_gradient,
        "judged_steps": known.judged,
        "stale_steps": known.stale,
        "first_stale": known.first_stale,
    }


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _settings(optimizer: Optimizer) -> dict[str, float]:
    """The numbers of the first group."""
    group: dict[str, Any] = optimizer.param_groups[0]
    found = {key: group[key] for key in _SETTINGS if key in group}
    return {key: float(value) for key, value in found.items() if isinstance(value, int | float)}


def _representatives(optimizer: Optimizer) -> list[Tensor]:
    """At most three parameters with a gradient, small ones, to be cheap to read."""
    with_gradient = [p for p in _parameters(optimizer)[:64] if p.grad is not None]
    return sorted(with_gradient, key=lambda p: p.numel())[:3]


def _is_clear(parameter: Tensor) -> bool:
    """Whether the gradient is gone or all zero. On a GPU this waits, but only if it is not gone."""
    gradient = parameter.grad
    return gradient is None or not bool(torch.any(gradient != 0))
