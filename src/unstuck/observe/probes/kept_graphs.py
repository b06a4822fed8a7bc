"""Whether graphs of earlier steps are still alive: the script keeps losses without detaching them."""

import weakref
from typing import Any

from torch import Tensor

from unstuck.observe import locate
from unstuck.observe.session import LossCallEvent, Missing, Session
from unstuck.records.finding import Place
from unstuck.records.kept_graphs import Count
from unstuck.records.kept_graphs import KeptGraphs as Family

_MARKS = 64
# A loss lives until its name is used again, in the next step or the one after.
_OLD = 3


class _Mark:
    """Put into the notes that a node keeps for Python: it lives exactly as long as the node."""

    __slots__ = ("__weakref__",)


class KeptGraphs:
    """Marks the loss node of the steps that are looked at, and counts the marks that live on."""

    family = "kept_graphs"
    session: Session

    def __init__(self) -> None:
        self._marks: list[tuple[int, weakref.ref[_Mark]]] = []
        self._counts: list[Count] = []
        self._place: Place | None = None

    def loss_called(self, event: LossCallEvent) -> None:
        """The node of the predictions is behind every loss that is made of them."""
        if event.training:
            self._mark(event.prediction)

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """The node of the loss."""
        for tensor in tensors[:1]:
            self._mark(tensor)
        if self._place is None:
            self._place = locate.place_of(locate.person_frame(3))

    def _mark(self, tensor: Tensor) -> None:
        step = self.session.step
        known = len(self._marks) >= 2 and self._marks[-2][0] == step
        if not self.session.looking or known or len(self._marks) >= _MARKS:
            return
        node: Any = tensor.grad_fn
        notes = getattr(node, "metadata", None)
        if isinstance(notes, dict):
            mark = _Mark()
            notes["unstuck"] = mark
            self._marks.append((step, weakref.ref(mark)))

    def step_ended(self, step: int) -> None:
        """Count."""
        if not self.session.looking:
            return
        old = [(at, mark) for at, mark in self._marks if at <= step - _OLD]
        alive = {at for at, mark in old if mark() is not None}
        if old and len(self._counts) < 256:
            marked = len({at for at, _ in old})
            self._counts.append({"step": step, "marked": marked, "alive": len(alive)})

    def facts(self) -> Family | Missing:
        """The counts."""
        if not self._marks:
            return Missing("no loss with a graph was seen")
        return {"counts": self._counts, "place": self._place}
