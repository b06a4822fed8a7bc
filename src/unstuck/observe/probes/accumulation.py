"""Backward passes for each update: how many, from which line, scaled or not, finished or not."""

import math
import weakref
from collections import Counter
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.observe import locate
from unstuck.observe.passes import Forward
from unstuck.observe.session import LossCallEvent, Missing, Session, is_plain
from unstuck.records.accumulation import Accumulation as Family
from unstuck.records.accumulation import Cut
from unstuck.records.series import BoundedSeries

_CUT = 64


class Accumulation:
    """Counts within one update; compares numbers at the looks."""

    family = "accumulation"
    session: Session

    def __init__(self) -> None:
        self._windows: Counter[int] = Counter()
        self._lines: Counter[tuple[str, int]] = Counter()
        self._places: dict[tuple[str, int], Any] = {}
        self._models: set[str] = set()
        self._calls: list[Tensor] = []
        self._ratios = BoundedSeries(256)
        self._means: set[str] = set()
        self._open: Counter[tuple[str, int]] = Counter()
        self._gradient: tuple[weakref.ref[Tensor], Tensor] | None = None
        self._watched: weakref.ref[Tensor] | None = None
        self._judged = self._rescaled = 0
        self._loader: int | None = None
        self._batches: int | None = None
        self._epochs = 0
        self._cut: list[Cut] = []
        self._unsure: Cut | None = None
        self._in_step = False

    def passed(self, forward: Forward) -> None:
        """The models that are trained, and the loader of training."""
        if forward.trained:
            self._models.add(forward.root.name)
            if forward.first_of_loader and self._loader is None:
                self._loader = forward.loader

    def loss_called(self, event: LossCallEvent) -> None:
        """What the loss functions gave since the last backward pass."""
        if event.training:
            self._calls.append(event.result)
            self._means.add(str(event.options.get("reduction", "mean")))

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """One more backward pass of this update."""
        if not adds or self._in_step:  # a closure clears the gradients itself
            return
        calls, self._calls = self._calls, []
        frame = locate.person_frame(3)
        line = (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)
        if line not in self._places:
            self._places[line] = locate.place_of(frame)
        self._note_cleared()
        watched = self._watched() if self._watched is not None else None
        if watched is not None and watched.grad is None:
            if self._open and len(self._cut) < _CUT:  # cleared in the middle, loader or not
                passes = sum(self._open.values())
                self._cut.append({"step": self.session.step, "passes": passes, "cleared": True})
            self._open.clear()
        self._open[line] += 1
        if self.session.looking and len(calls) == 1 and len(tensors) == 1:
            self._compare(calls[0], tensors[0])

    def _compare(self, loss: Tensor, given: Tensor) -> None:
        if loss.numel() != 1 or given.numel() != 1 or not is_plain(given):
            return
        step = self.session.step

        def receive(number: float) -> None:
            if math.isfinite(number):
                self._ratios.add(step, number)

        self.session.numbers.read(given.detach().double() / loss.double(), receive)

    def differentiated(self, adds: bool) -> None:
        """At a look, remember one small gradient to see whether it is scaled before the update."""
        if not adds:
            return
        parameter = self._watched() if self._watched is not None else None
        if parameter is not None and parameter.grad is not None and not parameter.grad.is_sparse:
            self._gradient = weakref.ref(parameter), parameter.grad.detach().clone()

    def updating(self, optimizer: Optimizer) -> None:
        """The window is full."""
        session = self.session
        self._in_step = True
        for line, count in self._open.items():
            self._lines[line] += count
        if self._open:
            self._windows[max(self._open.values()) if len(self._open) == 1 else 0] += 1
        self._open.clear()
        self._unsure = None
        if session.looking:
            self._judge(optimizer)

    def updated(self, optimizer: Optimizer) -> None:
        """Backward passes count again."""
        self._in_step = False

    def _judge(self, optimizer: Optimizer) -> None:
        kept, self._gradient = self._gradient, None
        parameter = kept[0]() if kept is not None else None
        if kept is not None and parameter is not None and parameter.grad is not None:
            self.session.numbers.read((kept[1] - parameter.grad).abs().max(), self._receive_change)
        graded = [p for g in optimizer.param_groups for p in g["params"][:64] if p.grad is not None]
        if graded:
            self._watched = weakref.ref(min(graded, key=lambda p: p.numel()))

    def _receive_change(self, number: float) -> None:
        """By how much the gradient changed between the last backward pass and the update."""
        self._judged += 1
        self._rescaled += number != 0

    def loader_started(self, loader: Any) -> None:
        """The data begin again: a window that is open now was cut."""
        if id(loader) != self._loader or not self.session.attentive:
            return
        self._batches = self._batches or _batches(loader)
        self._epochs += 1
        if self._open and len(self._cut) < _CUT:
            passes = sum(self._open.values())
            self._unsure = {"step": self.session.step, "passes": passes, "cleared": False}
            self._cut.append(self._unsure)

    def _note_cleared(self) -> None:
        """At the first backward pass after a cut: are the gradients before it still there?"""
        if self._unsure is None:
            return
        parameter = self._watched() if self._watched is not None else None
        gradient = parameter.grad if parameter is not None else None
        if parameter is not None:
            gone = gradient is None or not bool(torch.any(gradient != 0))
            self._unsure["cleared"] = gone
            if gone:
                self._open.clear()
        self._unsure = None

    def lapsed(self) -> None:
        """What happens from here on is not seen."""
        self._open.clear()
        self._calls.clear()
        self._unsure = self._gradient = None

    def step_ended(self, step: int) -> None:
        """Losses without a backward pass are of no use here."""
        self._calls.clear()

    def facts(self) -> Family | Missing:
        """The counts."""
        if not self._windows:
            return Missing("no update of an optimizer with a backward pass before it was seen")
        line = max(self._lines, key=lambda each: self._lines[each])
        return {
            "windows": [[passes, count] for passes, count in sorted(self._windows.items())],
            "model": next(iter(self._models)) if len(self._models) == 1 else "",
            "place": self._places.get(line),
            "ratios": self._ratios.pairs(),
            "mean": self._means == {"mean"},
            "rescaled": self._rescaled,
            "judged": self._judged,
            "batches": self._batches,
            "epochs": self._epochs,
            "cut": [{**each} for each in self._cut],
        }


def _batches(loader: Any) -> int | None:
    try:
        return len(loader)
    except (TypeError, NotImplementedError):
        return None
