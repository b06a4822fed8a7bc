"""The loss of every training step."""

import math
from statistics import fmean

from torch import Tensor

from unstuck.observe.session import LossCallEvent, Missing, Session, is_plain
from unstuck.records.finding import Place
from unstuck.records.loss import Loss as Family
from unstuck.records.series import BoundedSeries


class Loss:
    """Reads the loss at the loss function; where that is not one call, at what backward is given.

    A gradient scaler multiplies what backward is given, which is why the loss function comes first.
    """

    family = "loss"
    session: Session

    def __init__(self) -> None:
        self._series = BoundedSeries()
        self._calls: list[Tensor] = []
        self._step_values: list[float] = []
        self._sources: set[str] = set()
        self._place: Place | None = None
        self._nonfinite: list[int] = []
        self._count = 0
        self._kind = "nan"
        self._newest_finite = True

    def loss_called(self, event: LossCallEvent) -> None:
        """Remember what the loss functions gave since the last backward."""
        if event.training:
            self._calls.append(event.result)
            self._place = event.place or self._place

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """One number a backward pass."""
        if not adds:
            return
        calls, self._calls = self._calls, []
        if len(calls) == 1:
            self._sources.add("loss function")
            value = calls[0] if calls[0].numel() == 1 else calls[0].mean()
        elif tensors and is_plain(tensors[0]) and tensors[0].numel() == 1:
            self._sources.add("tensor given to backward")
            value = tensors[0]
            self._find_place()
        else:
            return
        step, known = self.session.step, self._count
        self.session.numbers.read(value, lambda number: self._receive(step, number))
        if self._count > known and len(tensors) == 1:
            self.session.tell("loss_failed", step, tensors[0])

    def light_loss(self, step: int, value: Tensor, tensor: Tensor) -> None:
        """The loss of a step that passes lightly; ``tensor`` is what backward is given."""
        if value.numel() != 1:
            return
        if value.device.type == "cpu":
            number = value.item()
            self._series.add(step, number)
            self._newest_finite = math.isfinite(number)
            if not self._newest_finite:
                self._note_nonfinite(step, number)
                with self.session.working():
                    self.session.tell("loss_failed", step, tensor)
        else:
            with self.session.working():
                self.session.numbers.read(value, lambda number: self._receive(step, number))

    def _find_place(self) -> None:
        if self._place is None and self.session.attentive:
            from unstuck.observe import locate

            self._place = locate.place_of(locate.person_frame(3))

    def _receive(self, step: int, value: float) -> None:
        self._newest_finite = math.isfinite(value)
        if not self._newest_finite:
            self._note_nonfinite(step, value)
        if step == self.session.step:
            self._step_values.append(value)
        else:  # read late, from a device
            self._series.add(step, value)

    def _note_nonfinite(self, step: int, value: float) -> None:
        if not self._count:
            self._kind = "nan" if math.isnan(value) else "inf"
        self._count += 1
        if len(self._nonfinite) < 5 and step not in self._nonfinite:
            self._nonfinite.append(step)

    def step_ended(self, step: int) -> None:
        """The step's loss is the mean over its backward passes."""
        if self._step_values:
            self._series.add(step, fmean(self._step_values))
            self._step_values.clear()
        self._calls.clear()

    def newest(self) -> float | None:
        """The loss of the step under way, as far as it has gone."""
        return fmean(self._step_values) if self._step_values else None

    def facts(self) -> Family | Missing:
        """The series."""
        values = self._series.pairs()
        if self._step_values:
            values.append([self.session.step, fmean(self._step_values)])
        if not values:
            return Missing("no backward pass on a single number was seen")
        return {
            "values": values,
            "source": " and ".join(sorted(self._sources)),
            "place": self._place,
            "nonfinite_steps": self._nonfinite,
            "nonfinite_count": self._count,
            "nonfinite_kind": self._kind,
            "recovered": self._newest_finite,
        }
