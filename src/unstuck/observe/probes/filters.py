"""How smooth the filters of a first convolution are, and how far they have moved."""

import weakref
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from unstuck.observe import locate
from unstuck.observe.session import Missing, Session
from unstuck.records.filters import Filter
from unstuck.records.finding import Place
from unstuck.records.series import BoundedSeries

# Colours at most: later layers and spectra have no neighbours in this sense.
_CHANNELS, _NUMBERS = 4, 1_000_000


@dataclass
class _Known:
    """One convolution; ``start`` are its weights at the first look."""

    name: str
    reference: "weakref.ref[nn.Module]"
    place: Place | None
    start: Tensor
    smooth: BoundedSeries = field(default_factory=lambda: BoundedSeries(64))
    change: float | None = None
    updates: int = 0


class Filters:
    """Reads the first convolution of each trained model at the looks."""

    family = "filters"
    session: Session

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._asked: set[int] = set()

    def forward(self, root: Any, module: nn.Module, arguments: Any, grad: bool) -> None:
        """Before its first step, remember the weights."""
        if not grad or id(root) in self._asked or len(self._known) >= 8:
            return
        self._asked.add(id(root))
        named = module.named_modules()
        first = next(((name, m) for name, m in named if isinstance(m, nn.Conv2d)), None)
        if first is None or first[1].in_channels > _CHANNELS or not first[1].weight.requires_grad:
            return
        name, convolution = first
        if convolution.weight.numel() <= _NUMBERS:
            self._known[id(root)] = _Known(
                f"{root.name}.{name}" if name else root.name,
                weakref.ref(convolution),
                locate.assignment(module, name) or root.place,
                convolution.weight.detach().clone(),
            )

    def step_ended(self, step: int) -> None:
        """At a look, compare with the start and with the neighbours."""
        if not self.session.looking:
            return
        for known in self._known.values():
            module: Any = known.reference()
            if module is not None and module.weight.shape == known.start.shape:
                self._look(known, module.weight.detach())

    def _look(self, known: _Known, weight: Tensor) -> None:
        updates = known.updates = self.session.updates

        def keep_change(number: float) -> None:
            known.change = number

        change = (weight - known.start).norm() / known.start.norm()
        self.session.numbers.read(change.double(), keep_change)
        self.session.numbers.read(smoothness(weight), lambda n: known.smooth.add(updates, n))

    def facts(self) -> list[Filter] | Missing:
        """The first convolutions, one a model."""
        if not self._known:
            return Missing("no model begins with a convolution of pictures that is trained")
        return [
            {
                "name": known.name,
                "kernel": list(known.start.shape[2:]),
                "channels": known.start.shape[1],
                "smooth": known.smooth.pairs(),
                "change": known.change,
                "updates": known.updates,
                "place": known.place,
            }
            for known in self._known.values()
        ]


def smoothness(weight: Tensor) -> Tensor:
    """The correlation of neighbouring weights within a filter; 0 for white noise."""
    centred = weight.double() - weight.double().mean((2, 3), keepdim=True)
    down = (centred[:, :, 1:] * centred[:, :, :-1]).mean()
    right = (centred[:, :, :, 1:] * centred[:, :, :, :-1]).mean()
    return (down + right) / 2 / centred.square().mean().clamp_min(1e-30)
