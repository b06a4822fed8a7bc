"""The arms of a run's trials: what was replayed, how it scored, and by how much it gained."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from unstuck.records.trials import Arm
from unstuck.trials import verdicts
from unstuck.trials.replays import Job, Outcome, Replays
from unstuck.trials.scores import WORST

SEEDS = (0, 1, 2)
UNCHANGED, SHAM = "unchanged", "sham"
OUT_OF_TIME = "not within the budget"
_FRESH = 0.9
_POINTS = 50


@dataclass
class Told:
    """What the replays of one arm told, by seed. ``stopped``: why there are no more of them."""

    name: str
    changes: tuple[str, ...]
    rate: float | None = None
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def seconds(self) -> float:
        """What its replays took."""
        return sum(each.seconds for each in self.outcomes.values())


class Arms:
    """All arms of one run. ``kind`` is the score that all unchanged replays have, ``least`` the margin."""

    def __init__(self, replays: Replays, steps: int, threads: int) -> None:
        self.told: dict[str, Told] = {}
        self.kind = "loss"
        self.judged_on = ""
        self.least, self.source = verdicts.LEAST, ""
        self._replays = replays
        self._steps = steps
        self._threads = threads

    def add(self, name: str, changes: Sequence[str], rate: float | None = None) -> str:
        """A new arm; its name."""
        self.told[name] = Told(name, tuple(changes), rate)
        return name

    def jobs(self, name: str, seeds: Sequence[int]) -> Iterator[Job]:
        """The replays of an arm."""
        told = self.told[name]
        for seed in seeds:
            yield Job(name, told.changes, seed, self._steps, threads=self._threads, rate=told.rate)

    def measuring(self, name: str) -> Iterator[Job]:
        """The replay of a measurement: the run's own draws, and no arm."""
        yield Job(name, (name,), SEEDS[0], self._steps, threads=self._threads)

    def replay(self, names: Sequence[str], seeds: Sequence[int]) -> bool:
        """Replay these arms side by side, as many as the time allows; whether all were replayed.

        Raises:
            TimeIsUp: the deadline has passed.
            OSError: the process that is held is gone.
        """
        jobs = [job for name in names for job in self.jobs(name, seeds)]
        while jobs and not self._replays.fits(len(jobs)):
            left = jobs[-1].arm
            self.told[left].stopped = OUT_OF_TIME
            jobs = [job for job in jobs if job.arm != left]
        with closing(self._replays.run(jobs)) as outcomes:
            for job, outcome in outcomes:
                self.hear(job, outcome)
        return all(self.told[name].stopped != OUT_OF_TIME for name in names)

    def hear(self, job: Job, outcome: Outcome) -> None:
        """Take in what a replay told."""
        told = self.told[job.arm]
        told.outcomes[job.seed] = outcome
        if outcome.unfit or outcome.failed:
            told.stopped = outcome.unfit or f"failed: {outcome.failed}"

    # Scores.

    def choose_score(self) -> None:
        """What all replays so far have: validation first, the loss itself last."""
        outcomes = [outcome for told in self.told.values() for outcome in told.outcomes.values()]
        fresh = all(outcome.fresh > _FRESH for outcome in outcomes)
        names = ["validation", "rows kept back", "as trained" if fresh else "training batches"]
        shared = [name for name in names if all(name in each.scores for each in outcomes)]
        self.kind = shared[0] if shared else "loss"
        self.judged_on = {
            "as trained": "batches before they are trained on",
            "loss": "batches before they are trained on" if fresh else "training batches",
        }.get(self.kind, self.kind)

    def scores(self, name: str) -> list[float]:
        """One a seed, as far as there are any in a row."""
        found: list[float] = []
        for seed in SEEDS:
            outcome = self.told[name].outcomes.get(seed)
            score = None if outcome is None else self._score(seed, outcome)
            if score is None:
                break
            found.append(score)
        return found

    def score(self, name: str) -> float:
        """The mean over seeds; minus infinity without any."""
        scores = self.scores(name)
        return sum(scores) / len(scores) if scores else -math.inf

    def gains(self, name: str, over: str = UNCHANGED) -> list[float]:
        """What each seed's score is above the other arm's."""
        return [b - a for a, b in zip(self.scores(over), self.scores(name), strict=False)]

    def helps(self, name: str, over: str = UNCHANGED) -> bool:
        """Whether the first seed leaves room for a confirmation."""
        gains = self.gains(name, over)
        return bool(gains) and gains[0] > self.least / 2

    def falls(self, name: str) -> list[float]:
        """How far the loss falls in each replay of an arm, as a share of its own first."""
        outcomes = self.told[name].outcomes.values()
        found = [_fall(each, _first(each)) for each in outcomes]
        return [fall for fall in found if fall is not None]

    def _score(self, seed: int, outcome: Outcome) -> float | None:
        if outcome.unfit or outcome.failed:
            return None
        if self.kind != "loss":
            return outcome.scores.get(self.kind)
        first = _first(self.told[UNCHANGED].outcomes[seed])
        return None if outcome.loss_changed else _fall(outcome, first)

    # Records.

    def record(self, name: str) -> Arm:
        """The arm as the facts keep it."""
        told = self.told[name]
        outcomes = [told.outcomes[seed] for seed in SEEDS if seed in told.outcomes]
        stopped = told.stopped
        if stopped is None and outcomes and not self.scores(name):
            stopped = "its score is of another kind than that of the run as it is"
        return {
            "name": name,
            "change": next((each.change for each in outcomes if each.change), ""),
            "scores": [round(score, 4) for score in self.scores(name)],
            "losses": [_thinned(each.losses) for each in outcomes],
            "steps": min((each.steps for each in outcomes), default=0),
            "stopped": stopped,
        }


def _first(outcome: Outcome) -> float | None:
    return next((loss for _, loss in outcome.losses), None)


def _fall(outcome: Outcome, first: float | None) -> float | None:
    """How far the loss has fallen from that value, as a share of it."""
    if not first:
        return None
    if outcome.loss is None:
        return WORST
    return max(WORST, min(1.0, (first - outcome.loss) / abs(first)))


def distances(given: Mapping[int, float], outcome: Outcome) -> list[tuple[int, float]]:
    """By step, how far a replay's losses are from the recorded ones; two that are not finite are equal."""
    return [(step, _distance(ours, given[step])) for step, ours in outcome.given if step in given]


def _distance(ours: float | None, theirs: float) -> float:
    if ours is None or not math.isfinite(theirs):
        return 0.0 if ours is None and not math.isfinite(theirs) else math.inf
    return abs(ours - theirs)


def _thinned(losses: Sequence[tuple[int, float | None]]) -> list[list[float]]:
    """At most some dozens of points, means of as many steps each; what is not finite is left out."""
    width = max(1, -(-len(losses) // _POINTS))
    found = []
    for at in range(0, len(losses), width):
        part = [loss for _, loss in losses[at : at + width] if loss is not None]
        if part:
            found.append([losses[at][0], round(sum(part) / len(part), 6)])
    return found
