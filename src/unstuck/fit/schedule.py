"""Where a fit stands: what is trained now, what is still to come, and how long that takes."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unstuck.fit.progress import Progress


@dataclass
class Schedule:
    """What is done now, and the trainings to come; written by who trains, read by who shows it.

    A training takes at most as long as its steps: it may stop earlier. How long one takes of which
    no step was made is not known, unless it is another of the same model: ``net-weighed`` and ``net``.
    """

    phase: str = ""
    training: str = ""
    coming: tuple[str, ...] = ()
    done: int = 0
    of: int = 0
    clock: Callable[[], float] = time.perf_counter

    _begun: tuple[float, int] | None = None
    _at: "tuple[Progress, int] | None" = None
    _paces: dict[str, float] = field(default_factory=dict)
    """Seconds that a whole training of each model takes at most."""

    def plan(self, names: Iterable[str]) -> None:
        """The trainings to come, in their order."""
        self.coming, self._paces = tuple(names), {}

    def begins(self, name: str) -> None:
        """This training begins, with a search of its learning rate; those before it are over."""
        if name in self.coming and name != self.training:
            self.coming = self.coming[self.coming.index(name) + 1 :]
        self.now(f"{name}: measuring the learning rate")
        self.training = name

    def now(self, doing: str) -> None:
        """Something of which nobody knows how long it takes."""
        self.phase, self.training, self.done, self.of = doing, "", 0, 0
        self._begun = self._at = None

    def stepped(self, progress: "Progress", an_epoch: int) -> None:
        """A step was made, in epochs of so many."""
        now = self.clock()
        if self._begun is None or progress.step <= self.done:  # the first, or it went back
            self._begun = now, progress.step
        self.done, self.of, self._at = progress.step, progress.steps, (progress, an_epoch)
        since, first = self._begun
        if progress.step > first:
            pace = (now - since) / (progress.step - first)
            self._paces[_model(self.training)] = pace * progress.steps

    @property
    def doing(self) -> str:
        """In a few words: ``net: epoch 3/50, loss 0.230, held-out 0.250``, or what is no training."""
        if self._at is None:
            return self.phase
        progress, an_epoch = self._at
        said = f"{self.training}: epoch {-(-self.done // an_epoch)}/{self.of // an_epoch}"
        if not progress.history:
            return said
        last = progress.history[-1]
        return f"{said}, loss {last.training_loss:.3f}, held-out {last.validation_loss:.3f}"

    def left(self) -> float | None:
        """Seconds at most, of this training and those to come that are known; None if this one is not."""
        done, of = self.done, self.of  # read once: who trains goes on
        whole = self._paces.get(_model(self.training))
        if whole is None or not of:
            return None
        known = sum(self._paces.get(_model(name), 0.0) for name in self.coming)
        return whole * (1 - done / of) + known

    def unknown(self) -> tuple[str, ...]:
        """The trainings to come of which nobody knows how long they take."""
        return tuple(name for name in self.coming if _model(name) not in self._paces)

    def rest(self) -> str:
        """In a few words: ``at most 0:12, then net``."""
        left, unknown = self.left(), self.unknown()
        then = unknown[0] if len(unknown) == 1 else f"{len(unknown)} more" if unknown else ""
        said = [f"at most {_clock(left)}"] if left is not None else []
        return ", ".join(said + [f"then {then}"] * bool(then))

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.doing, self.rest())))


def _model(name: str) -> str:
    return name.partition(".")[0].partition("-")[0]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
