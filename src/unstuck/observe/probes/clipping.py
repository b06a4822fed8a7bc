"""Every line that clips gradients: how much it cuts, when it is called, and on what."""

import functools
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.observe.session import ClipEvent, Missing, Session, is_plain
from unstuck.records.clipping import ClipLine
from unstuck.records.finding import Place
from unstuck.records.series import BoundedSeries

_LINES, _COVERED = 32, 40


@dataclass
class _Line:
    function: str
    threshold: float
    place: Place | None
    calls: int = 0
    early: int = 0
    empty: int = 0
    norms: BoundedSeries = field(default_factory=BoundedSeries)
    cut: BoundedSeries = field(default_factory=BoundedSeries)
    covered: list[float] = field(default_factory=list)
    optimizer: str = ""


class Clipping:
    """One record a line. Parameters are known by identity, within one step."""

    family = "clipping"
    session: Session

    def __init__(self) -> None:
        self._lines: dict[tuple[Any, ...], _Line] = {}
        self._fresh = False
        self._given: set[int] = set()
        self._newest: _Line | None = None

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """There are new gradients."""
        self._fresh = True

    def clipping(self, event: ClipEvent) -> None:
        """Just before it happens."""
        place = event.place or {"file": "", "line": 0, "code": ""}
        key = (event.function, place["file"], place["line"])
        line = self._lines.get(key)
        if line is None:
            if len(self._lines) >= _LINES:
                return
            line = self._lines[key] = _Line(event.function, event.threshold, event.place)
        self._newest = line
        line.calls += 1
        line.early += not self._fresh
        graded = [p for p in event.given if p.grad is not None]
        line.empty += not graded
        if self.session.looking:
            self._given |= {id(p) for p in event.given}
            if event.function == "clip_grad_value_":
                self._read_cut(line, graded)

    def _read_cut(self, line: _Line, graded: list[Tensor]) -> None:
        parts = [p.grad for p in graded if p.grad is not None and is_plain(p.grad)]
        dense = [each for each in parts if each.layout == torch.strided and each.numel()][:200]
        if not dense:
            return
        home = dense[0].device
        cut = sum((each.abs() > line.threshold).sum().to(home) for each in dense)
        there = sum((each != 0).sum().to(home) for each in dense)
        share = torch.as_tensor(cut) / torch.as_tensor(there).clamp_min(1)
        self.session.numbers.read(share, functools.partial(line.cut.add, self.session.step))

    def clipped(self, event: ClipEvent, result: Any) -> None:
        """The norm that it found."""
        line = self._newest
        if line is not None and is_plain(result) and result.numel() == 1:
            self.session.numbers.read(result, functools.partial(line.norms.add, self.session.step))

    def updating(self, optimizer: Optimizer) -> None:
        """Was what is updated now among what was clipped?"""
        line = self._newest
        if line is None or not self.session.looking or len(line.covered) >= _COVERED:
            return
        line.optimizer = type(optimizer).__name__
        graded = [p for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        total = sum(p.numel() for p in graded)
        if total and self._given:
            line.covered.append(sum(p.numel() for p in graded if id(p) in self._given) / total)

    def updated(self, optimizer: Optimizer) -> None:
        """From here on the gradients are used ones."""
        self._fresh = False
        self._newest = None

    def step_ended(self, step: int) -> None:
        """Identities hold for a step."""
        self._given.clear()

    def facts(self) -> list[ClipLine] | Missing:
        """The lines, in the order they were first called."""
        if not self._lines:
            return Missing("no gradients were clipped by torch.nn.utils")
        return [
            {
                "function": line.function,
                "threshold": line.threshold,
                "calls": line.calls,
                "early": line.early,
                "empty": line.empty,
                "norms": line.norms.pairs(),
                "cut": line.cut.pairs(),
                "covered": line.covered,
                "optimizer": line.optimizer,
                "place": line.place,
            }
            for line in self._lines.values()
        ]
