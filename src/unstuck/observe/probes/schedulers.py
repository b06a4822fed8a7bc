"""Schedulers of the learning rate: what they were told, and how often they are stepped."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from unstuck.observe.passes import Forward
from unstuck.observe.session import Missing, Session
from unstuck.records.finding import Place
from unstuck.records.schedulers import Scheduler
from unstuck.records.series import BoundedSeries

_SETTINGS = (
    "T_max T_0 T_mult total_steps total_iters step_size step_size_up gamma factor patience eta_min"
).split()


@dataclass
class _Known:
    """One scheduler, held weakly."""

    reference: "weakref.ref[Any]"
    optimizer: "weakref.ref[Any]"
    record: Scheduler
    start: int
    key: int
    before: int
    track: BoundedSeries = field(default_factory=lambda: BoundedSeries(256))
    rates: BoundedSeries = field(default_factory=lambda: BoundedSeries(256))


class Schedulers:
    """Reads the schedulers' own counts at the looks and at the end; nothing in between."""

    family = "schedulers"
    session: Session

    def __init__(self) -> None:
        self._all: list[_Known] = []
        self._updates: dict[int, int] = {}
        self._loaders: dict[int, tuple[int, int, int | None]] = {}
        self._training: int | None = None

    def scheduler_built(self, scheduler: Any, place: Place | None) -> None:
        """A new scheduler; those it drives are not stepped by the script."""
        optimizer = getattr(scheduler, "optimizer", None)
        if optimizer is None or len(self._all) >= 64:
            return
        driven = {id(inner) for inner in getattr(scheduler, "_schedulers", ())}
        for known in self._all:
            if known.reference() is scheduler:  # a kind that calls the __init__ of another
                return
            known.record["inner"] |= id(known.reference()) in driven
        self._all.append(
            _Known(
                reference=weakref.ref(scheduler),
                optimizer=weakref.ref(optimizer),
                record={
                    "name": type(scheduler).__name__,
                    "optimizer": type(optimizer).__name__,
                    "built_at": place,
                    "steps": 0,
                    "updates": 0,
                    "settings": {},
                    "rates": [],
                    "track": [],
                    "epochs": 0,
                    "per_epoch": None,
                    "inner": False,
                },
                start=_count(scheduler),
                key=id(optimizer),
                before=self.session.updates_of.get(id(optimizer), 0),
            )
        )

    def loader_started(self, loader: Any) -> None:
        """Count the passes over each loader."""
        key = id(loader)
        epochs, updates, length = self._loaders.get(key, (0, self.session.updates, None))
        if key in self._loaders and self.session.updates > updates:
            epochs += 1
            length = self.session.updates - updates if epochs == 1 else length
        if key in self._loaders or len(self._loaders) < 64:
            self._loaders[key] = epochs, self.session.updates, length or _batches(loader)

    def passed(self, forward: Forward) -> None:
        """Which loader is that of training."""
        if forward.trained and forward.first_of_loader and self._training is None:
            self._training = forward.loader

    def step_ended(self, step: int) -> None:
        """At a look, read the counts and the rates."""
        if self.session.looking:
            for known in self._all:
                self._read(known)

    def _read(self, known: _Known) -> None:
        scheduler, optimizer = known.reference(), known.optimizer()
        if scheduler is None or optimizer is None:
            return
        updates = self.session.updates_of.get(known.key, 0) - known.before
        known.record["updates"] = updates
        known.record["steps"] = max(0, _count(scheduler) - known.start)
        known.record["settings"] = known.record["settings"] or dict(_settings(scheduler))
        known.track.add(updates, known.record["steps"])
        rate = optimizer.param_groups[0]["lr"]
        if not isinstance(rate, Tensor) or rate.device.type == "cpu":
            known.rates.add(updates, float(rate))

    def facts(self) -> list[Scheduler] | Missing:
        """The schedulers, in the order they were built."""
        if not self._all:
            return Missing("no scheduler of torch.optim.lr_scheduler was built")
        epochs, _, length = self._loaders.get(self._training or 0, (0, 0, None))
        found: list[Scheduler] = []
        for known in self._all:
            self._read(known)
            record: Scheduler = {**known.record}
            record["track"], record["rates"] = known.track.pairs(), known.rates.pairs()
            record["epochs"], record["per_epoch"] = epochs, length
            found.append(record)
        return found


def _count(scheduler: Any) -> int:
    """How often it was stepped, by its own account."""
    for owner in (scheduler, *getattr(scheduler, "_schedulers", ())):
        count = getattr(owner, "last_epoch", None)
        if isinstance(count, int | float):
            return int(count)
    return 0


def _settings(scheduler: Any) -> Iterator[tuple[str, float]]:
    for name in _SETTINGS:
        value = getattr(scheduler, name, None)
        if isinstance(value, int | float):
            yield name, float(value)
    milestones = getattr(scheduler, "milestones", None)
    if milestones:
        yield "first_milestone", float(min(milestones))
        yield "last_milestone", float(max(milestones))


def _batches(loader: Any) -> int | None:
    try:
        return len(loader)
    except (TypeError, NotImplementedError):
        return None
