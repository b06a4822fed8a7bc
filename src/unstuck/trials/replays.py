"""Run replays side by side and gather what they tell."""

import json
import os
import select
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol


class Source(Protocol):
    """Where replays come from. ``patience``: seconds without a word after which one is taken to hang."""

    patience: float

    def replay(self, words: dict[str, Any]) -> int:
        """Start one; the file from which its results are to be read."""

    def end(self) -> None:
        """No more are wanted."""


@dataclass(frozen=True)
class Job:
    """One replay to make. ``threads`` None: as many as the script has."""

    arm: str
    changes: tuple[str, ...]
    seed: int
    steps: int
    keep_back: bool = True
    threads: int | None = None
    rate: float | None = None

    def words(self) -> dict[str, Any]:
        """The order that is sent."""
        return {
            "changes": list(self.changes),
            "seed": self.seed,
            "steps": self.steps,
            "keep_back": self.keep_back,
            "threads": self.threads,
            "rate": self.rate,
        }


@dataclass
class Outcome:
    """What one replay told. ``unfit``: why its change could not be made; ``failed``: how it ended badly.

    ``given``: by step, what the first backward pass was given. ``rates``: the learning rate before what
    a schedule makes of it, that of the first update and that of the last. ``fresh``: the share of rows
    that had not been seen before, in its last batches.
    """

    losses: list[tuple[int, float | None]] = field(default_factory=list)
    given: list[tuple[int, float | None]] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)
    function: str = ""
    loss: float | None = None
    fresh: float = 0.0
    steps: int = 0
    rates: list[float] = field(default_factory=list)
    change: str = ""
    loss_changed: bool = False
    stopped: str | None = None
    unfit: str | None = None
    failed: str | None = None
    seconds: float = 0.0
    ended: bool = False
    pid: int = 0

    def hear(self, line: dict[str, Any]) -> None:
        """Take in one line."""
        self.losses += [(step, loss) for step, loss in line.get("losses", ())]
        for name in (
            "given",
            "scores",
            "measured",
            "function",
            "loss",
            "fresh",
            "steps",
            "rates",
            "change",
            "pid",
        ):
            if name in line:
                setattr(self, name, line[name])
        self.loss_changed = line.get("loss_changed", self.loss_changed)
        self.stopped = line.get("stopped", self.stopped)
        self.unfit = line.get("unfit", self.unfit)
        if "end" in line:
            self.ended = True
            lost = next(iter(line["lost"].items()), None)
            self.failed = None if lost is None else f"{lost[0]}: {lost[1]}"


@dataclass
class _Running:
    job: Job
    begun: float
    heard: float
    outcome: Outcome = field(default_factory=Outcome)
    text: bytes = b""


class TimeIsUp(Exception):
    """The deadline has passed; what was under way was ended."""


class Replays:
    """At most ``parallel`` at a time, until ``deadline`` (on the clock of ``time.monotonic``)."""

    def __init__(self, source: Source, parallel: int, deadline: float) -> None:
        self.made = 0
        self.spent = 0.0
        self._source = source
        self._parallel = parallel
        self._deadline = deadline
        self._running: dict[int, _Running] = {}
        self.on_wait: Callable[[], None] = lambda: None

    @property
    def pace(self) -> float:
        """Seconds that one replay takes."""
        return self.spent / self.made if self.made else 0.0

    def fits(self, count: int) -> bool:
        """Whether so many more replays end before the deadline, as far as one can tell."""
        rounds = -(-count // self._parallel)
        return time.monotonic() + rounds * self.pace < self._deadline

    def run(self, jobs: Iterable[Job]) -> Generator[tuple[Job, Outcome], None, None]:
        """The outcomes in the order in which they come. Closing the generator ends what is under way.

        Raises:
            TimeIsUp: the deadline has passed.
            OSError: the process that is held is gone.
        """
        waiting = list(jobs)
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self._parallel:
                    job = waiting.pop(0)
                    now = time.monotonic()
                    self._running[self._source.replay(job.words())] = _Running(job, now, now)
                yield from self._heard()
        finally:
            for file in list(self._running):
                self._end(file)

    def _heard(self) -> Iterator[tuple[Job, Outcome]]:
        ready, _, _ = select.select(list(self._running), [], [], 0.2)
        now = time.monotonic()
        self.on_wait()
        for file in ready:
            running = self._running[file]
            running.heard = now
            if self._read(file, running):
                yield self._over(file)
        if now > self._deadline:
            raise TimeIsUp
        for file, running in list(self._running.items()):
            if now - running.heard > self._source.patience:
                running.outcome.failed = f"no step in {self._source.patience:.0f} s"
                yield self._over(file)

    def _read(self, file: int, running: _Running) -> bool:
        """Take in what there is; whether the replay has ended."""
        text = os.read(file, 65536)
        *lines, running.text = (running.text + text).split(b"\n")
        for line in lines:
            running.outcome.hear(json.loads(line))
        return not text

    def _over(self, file: int) -> tuple[Job, Outcome]:
        running = self._running[file]
        outcome = running.outcome
        outcome.seconds = time.monotonic() - running.begun
        if not (outcome.ended or outcome.unfit or outcome.failed):
            outcome.failed = "its process ended without a word"
        self.made += 1
        self.spent += outcome.seconds
        self._end(file)
        return running.job, outcome

    def _end(self, file: int) -> None:
        running = self._running.pop(file)
        if running.outcome.pid and not running.outcome.ended:
            with suppress(OSError):
                os.kill(running.outcome.pid, signal.SIGKILL)
        os.close(file)
