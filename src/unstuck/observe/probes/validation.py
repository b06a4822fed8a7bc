"""Validation: forward passes that no backward pass reaches, and the loss that was computed of them."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from unstuck.observe import locate
from unstuck.observe.passes import Forward, Key, LossSeen
from unstuck.observe.session import Missing, Session
from unstuck.records.finding import Place
from unstuck.records.validation import Curve, Evaluation
from unstuck.records.validation import Validation as Family

_KEPT, _CURVES, _POINTS = 256, 32, 512
# Of each evaluation in a run that passes lightly; the first batches are the same each time.
_LIGHT, _BATCHES = 64, 512


@dataclass
class _Point:
    """One evaluation on a curve."""

    step: int
    update: int
    losses: list[LossSeen] = field(default_factory=list)


@dataclass
class _Line:
    """The evaluations whose loss is computed at one place."""

    function: str
    place: Place | None
    points: list[_Point] = field(default_factory=list)
    stride: int = 1
    seen: int = 0

    def at(self, step: int, update: int) -> _Point | None:
        """The point of this update; None where it is one of those left out."""
        if self.points and self.points[-1].update == update:
            return self.points[-1]
        self.seen += 1
        if (self.seen - 1) % self.stride:
            return None
        if len(self.points) >= _POINTS:
            self.points = self.points[::2]
            self.stride *= 2
        self.points.append(_Point(step, update))
        return self.points[-1]


class Validation:
    """Gathers forward passes into evaluations: same model, same lines, same number of updates."""

    family = "validation"
    session: Session

    def __init__(self) -> None:
        self._open: dict[Any, tuple[Evaluation, int | None, set[int]]] = {}
        self._kept: list[tuple[Evaluation, int | None]] = []
        self._stride = 1
        self._seen = 0
        self._training_loaders: set[int] = set()
        self._lines: dict[Any, _Line] = {}

    def passed(self, forward: Forward) -> None:
        """A forward pass whose fate is known."""
        if forward.trained:
            if forward.first_of_loader and forward.loader is not None:
                self._training_loaders.add(forward.loader)
            return
        self._add(forward)
        if forward.losses:
            self._draw(forward)

    def _add(self, forward: Forward) -> None:
        key = (forward.root.name, forward.updates, forward.key)
        if key not in self._open:
            self._close(forward.updates - 8)
            self._open[key] = _new(forward, _step(forward)), forward.loader, set()
        record, _, pointers = self._open[key]
        record["forwards"] += 1
        record["rows"] += forward.rows
        record["training"] += forward.training
        record["noisy"] += bool(forward.noise)
        record["noise"] = sorted({*record["noise"], *forward.noise})
        record["graphs"] += forward.graph
        record["losses"] += bool(forward.losses)
        record["inside"] = record["inside"] and forward.inside
        record["repeated"] = record["repeated"] or (
            forward.pointer != 0 and forward.pointer in pointers
        )
        if len(pointers) < 4:
            pointers.add(forward.pointer)

    def _close(self, before: int) -> None:
        """Keep evaluations that nothing will be added to, evenly thinned."""
        done = [key for key in self._open if key[1] < before]
        for key in done:
            record, loader, _ = self._open.pop(key)
            if self._seen % self._stride == 0:
                self._kept.append((record, loader))
            self._seen += 1
            if len(self._kept) > _KEPT:
                self._kept = self._kept[::2]
                self._stride *= 2

    def _draw(self, forward: Forward) -> None:
        first = forward.losses[0]
        place = (first.place["file"], first.place["line"]) if first.place else ("", 0)
        line = self._line((first.function, place, forward.key[1:]), first.function, first.place)
        point = line.at(_step(forward), forward.updates) if line else None
        if point is not None and len(point.losses) < _BATCHES:
            point.losses.append(first)

    def _line(self, key: Any, function: str, place: Place | None) -> _Line | None:
        if key not in self._lines and len(self._lines) < _CURVES:
            self._lines[key] = _Line(function, place)
        return self._lines.get(key)

    def light_evaluation(self, result: Tensor) -> None:
        """A loss computed without gradients while steps pass lightly."""
        frame = locate.person_frame(3)
        lines: Key = locate.person_lines(frame)
        if not lines or result.numel() != 1:
            return
        session = self.session
        line = self._find(lines)
        point = line.at(session.step, session.updates) if line else None
        if point is not None and len(point.losses) < _LIGHT:
            seen = LossSeen("", None, 1)
            point.losses.append(seen)

            def receive(number: float) -> None:
                seen.value = number

            session.numbers.read(result, receive)

    def _find(self, lines: Key) -> _Line | None:
        """The curve of these lines, which may have begun when the steps were watched closely."""
        for key, line in self._lines.items():
            place = line.place
            known = place is not None and place["line"] == lines[0][1]
            if known and (not key[2] or key[2] == lines[1:][: len(key[2])]):
                return line
        return self._line(("", lines[0], lines[1:]), "", locate.place(*lines[0]))

    def facts(self) -> Family | Missing:
        """The evaluations and their curves."""
        if "passes" in self.session.guard.losses:
            return Missing(self.session.guard.losses["passes"])
        if not self.session.backwards:
            return Missing("no backward pass was seen")
        still_open = [(record, loader) for record, loader, _ in self._open.values()]
        every = [*self._kept, *still_open]
        for record, loader in every:
            record["own_loader"] = loader is not None and loader not in self._training_loaders
        return {
            "seen": self._seen + len(still_open),
            "evaluations": [{**record} for record, _ in every],
            "curves": [curve for curve in map(_curve, self._lines.values()) if curve["values"]],
        }


def _step(forward: Forward) -> int:
    """The step it follows; with gradients on it looked like the beginning of the next one."""
    return max(0, forward.step - (forward.graph and not forward.inside))


def _new(forward: Forward, step: int) -> Evaluation:
    return {
        "model": forward.root.name,
        "step": step,
        "update": forward.updates,
        "forwards": 0,
        "rows": 0,
        "training": 0,
        "noisy": 0,
        "noise": [],
        "graphs": 0,
        "losses": 0,
        "own_loader": False,
        "repeated": False,
        "inside": True,
        "place": forward.place,
    }


def _curve(line: _Line) -> Curve:
    values, accuracy, rows = [], [], 0
    for point in line.points:
        known = [(s.value, s.rows) for s in point.losses if s.value is not None]
        right = [(s.correct, s.rows) for s in point.losses if s.correct is not None]
        weight = sum(count for _, count in known)
        if weight:
            values.append([point.step, sum(value * n for value, n in known) / weight])
            rows = max(rows, weight)
        total = sum(count for _, count in right)
        if total:
            accuracy.append([point.step, sum(value * n for value, n in right) / total])
    return {
        "function": line.function,
        "place": line.place,
        "rows": rows,
        "values": values,
        "accuracy": accuracy,
    }
