"""Prove a run's findings: replay it with one thing changed, and see what makes it learn."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from unstuck.records import Finding, Run
from unstuck.records.trials import Arm, SelfCheck, Trials, Verdict
from unstuck.remedies import all_remedies
from unstuck.trials import verdicts
from unstuck.trials.changes import all_changes
from unstuck.trials.replays import Job, Outcome, Replays, Source, TimeIsUp
from unstuck.trials.scores import WORST

STEPS = 100
"""Steps of a replay: 20 are far too few to tell causes apart, 50 too few, 80 better (``trials.md``)."""
FEWEST = 30
"""With fewer steps nothing is confirmed."""
SEEDS = (0, 1, 2)
MOST_REMEDIES = 6
BUDGET = 30.0
_POINTS = 50
_ROOM = 0.9
"""From this score on nothing more is looked for."""
_LEARNS = 0.15
"""Below this score the unchanged run learns next to nothing."""
_SCORES = {
    "cross_entropy": "1 - cross-entropy over classes alike, as a share of a constant prediction's",
    "nll_loss": "1 - cross-entropy over classes alike, as a share of a constant prediction's",
    "binary_cross_entropy": "1 - cross-entropy over yes and no alike, as a share of a constant prediction's",
    "mse_loss": "R^2",
}
_FALL = "fall of the loss, as a share of the first"


class Unproven(Exception):
    """Nothing can be claimed of this run; the text says why."""


@dataclass(frozen=True)
class Wish:
    """How much may be spent: ``budget`` in seconds, ``parallel`` replays at a time (0: the cores).

    ``experiments``: changes that checks ask for beside the remedies. ``more`` says how to ask
    for so many minutes.
    """

    budget: float = BUDGET
    parallel: int = 0
    steps: int = STEPS
    experiments: tuple[str, ...] = ()
    more: Callable[[int], str] = "unstuck check --budget {}m train.py".format


@dataclass
class _Told:
    """The outcomes of one arm, in the order of the seeds."""

    name: str
    changes: tuple[str, ...]
    rate: float | None = None
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.outcomes.values())


Say = Callable[[int, float, str], None]


def silent(made: int, left: float, trying: str) -> None:
    """Say nothing of the progress."""


def prove(
    source: Source, run: Run, given: Mapping[int, float], wish: Wish, say: Say = silent
) -> Trials:
    """The trials of a run whose findings are known.

    ``given``: by step, the loss that the first backward pass of the run was given.

    ``say`` is told, now and then, how many replays were made, how many seconds are left, and what is tried.

    Raises:
        Unproven: nothing can be claimed; the text says why.
    """
    return _Proof(source, run, given, wish, say).made()


class _Proof:
    """One run's trials, in order: self-check, how the run goes as it is, remedies, what is left."""

    def __init__(
        self, source: Source, run: Run, given: Mapping[int, float], wish: Wish, say: Say
    ) -> None:
        self.run = run
        self.given = given
        self.wish = wish
        self.begun = time.monotonic()
        cores = len(os.sched_getaffinity(0))
        parallel = wish.parallel or max(1, min(4, cores))
        self.replays = Replays(source, parallel, self.begun + wish.budget)
        self.replays.on_wait = lambda: say(
            self.replays.made, self.begun + wish.budget - time.monotonic(), self.trying
        )
        self.threads = max(1, cores // parallel)
        self.trying = "the run as it is"
        self.steps = min(wish.steps, run.script.steps)
        self.told: dict[str, _Told] = {}
        self.self_check: SelfCheck | None = None
        self.remarks: list[str] = []
        self.judged_on = ""
        self.least, self.source = verdicts.LEAST, ""
        self.seeds = SEEDS

    def made(self) -> Trials:
        """All of it, as far as the budget goes."""
        if self.steps < FEWEST:
            raise Unproven(
                f"{self.steps} steps are too few to prove anything by: at least {FEWEST}"
            )
        try:
            self._begin()
        except TimeIsUp:
            raise Unproven(self._too_slow()) from None
        except OSError as error:
            raise Unproven(f"the process that was held is gone: {error}") from error
        try:
            self._try_remedies()
            self._look_further()
        except (TimeIsUp, _Spent):
            self.remarks.append(f"not everything was tried: {self._more_budget()}")
        except KeyboardInterrupt:
            self.remarks.append("interrupted: what was tried until then is here")
        except OSError as error:
            self.remarks.append(
                f"not everything was tried: the process that was held is gone: {error}"
            )
        return self._trials()

    # The run as it is.

    def _begin(self) -> None:
        first = Job("self-check", (), 0, self.steps, keep_back=False)
        self.told["unchanged"] = _Told("unchanged", ())
        self.told["sham"] = _Told("sham", ("sham",))
        jobs = [first, *self._jobs("unchanged", SEEDS), *self._jobs("sham", SEEDS)]
        with closing(self.replays.run(jobs)) as outcomes:
            for job, outcome in outcomes:
                if job is first:
                    self.self_check = self._checked(outcome)
                    if not self.replays.fits(len(SEEDS) * 2 + 1):
                        raise TimeIsUp
                else:
                    self.told[job.arm].outcomes[job.seed] = outcome
        if self.self_check is None:
            raise TimeIsUp
        sham = self.told["sham"].outcomes.values()
        failed = [each.failed for each in (*self.told["unchanged"].outcomes.values(), *sham)]
        if any(failed):
            raise Unproven(f"a replay failed: {next(filter(None, failed))}")
        unfit = next((each.unfit for each in sham if each.unfit), None)
        if unfit:
            self.told.pop("sham")
            self.remarks.append(f"no change that should not matter could be made: {unfit}")
        self._choose_score()
        if self.kind == "loss" and self._optimizers() > 1:
            raise Unproven(
                "several optimizers and no loss that can be scored: a loss alone says little"
            )
        self.least, self.source = verdicts.margin(
            self._scores("unchanged"), self._scores("sham") if "sham" in self.told else []
        )

    def _checked(self, outcome: Outcome) -> SelfCheck:
        """The unchanged replay must give the recorded losses."""
        if outcome.failed:
            raise Unproven(f"the script cannot be replayed: {outcome.failed}")
        both = [
            (step, _distance(ours, self.given[step]))
            for step, ours in outcome.given
            if step in self.given
        ]
        if len(both) < min(FEWEST, self.steps) // 2:
            ended = f": {outcome.stopped}" if outcome.stopped else ""
            raise Unproven(f"the replay's losses cannot be compared with the run's{ended}")
        worst = max(distance for _, distance in both)
        if worst:
            first = next(step for step, distance in both if distance)
            raise Unproven(
                f"replayed as it is, the run gives other losses from step {first} on (by up to "
                f"{worst:.2g}): something in it is not the same twice"
            )
        return {"steps": len(both), "largest_difference": worst, "equal": True}

    def _choose_score(self) -> None:
        """What all unchanged replays have: validation first, the loss itself last."""
        outcomes = [outcome for told in self.told.values() for outcome in told.outcomes.values()]
        fresh = all(outcome.fresh > 0.9 for outcome in outcomes)
        names = ["validation", "rows kept back", "as trained" if fresh else "training batches"]
        shared = [name for name in names if all(name in each.scores for each in outcomes)]
        self.kind = shared[0] if shared else "loss"
        self.judged_on = {
            "as trained": "batches before they are trained on",
            "loss": "batches before they are trained on" if fresh else "training batches",
        }.get(self.kind, self.kind)

    def _optimizers(self) -> int:
        return sum(each["steps"] > 0 for each in self.run.facts.optimizers or ())

    # Remedies.

    def _try_remedies(self) -> None:
        for name in self._named():
            self._try(name, (name,))
        self._try_rates()

    def _named(self) -> list[str]:
        """The remedies that findings name and a replay can judge, the worst finding's first."""
        changes, found = all_changes(), []
        for finding in _flat(self.run.findings):
            found += [r for r in finding.remedies if r in changes and r not in found]
        rates = ("lower-learning-rate", "raise-learning-rate")
        return [name for name in found if name not in rates][:MOST_REMEDIES]

    def _try(
        self,
        name: str,
        changes: tuple[str, ...],
        rate: float | None = None,
        over: str = "unchanged",
    ) -> _Told:
        """One seed first: what does not help with it is not confirmed, whatever the others say."""
        told = self.told[name] = _Told(name, changes, rate)
        self.trying = name.replace("+", " and ")
        self._replay([name], SEEDS[:1])
        gains = self._gains(name, over)
        if told.stopped is None and gains and gains[0] <= self.least / 2:
            told.stopped = "no gain with the first seed"
        if told.stopped is None and gains:
            self._replay([name], SEEDS[1:])
        return told

    def _try_rates(self) -> None:
        """Ten and a hundred times as much and as little, then half a decade around the best of them."""
        self.trying = "the learning rate"
        rates = self._rates()
        if not rates:
            return
        at = rates[0]
        tried = {at: self._first_score("unchanged")}
        # A hundred steps reward haste: a run that learns is not told to hurry, nor one that warms up.
        slow = self._stands_still() and rates[-1] < 2 * at
        for factors in ((0.1, 10.0), (0.01, 100.0), None):
            best = max(tried, key=lambda rate: tried[rate])
            around = (best / math.sqrt(10), best * math.sqrt(10))
            wanted = [at * f for f in factors] if factors else list(around) if best != at else []
            wanted = [rate for rate in wanted if rate not in tried and (slow or rate < at)]
            names = {f"learning rate {rate:.3g}": rate for rate in wanted}
            for name, rate in names.items():
                self.told[name] = _Told(name, ("set-learning-rate",), rate)
            self._replay(list(names), SEEDS[:1])
            tried |= {r: self._first_score(n) for n, r in names.items()}
        best = max(tried, key=lambda rate: tried[rate])
        for name in [n for n in self.told if n.startswith("learning rate ")]:
            self.told.pop(name)  # steps on the way to one rate, not arms
        if tried[best] - tried[at] > self.least / 2:
            name = "lower-learning-rate" if best < at else "raise-learning-rate"
            self._try(name, (name,), best)

    def _stands_still(self) -> bool:
        """Whether the unchanged run learns next to nothing, by its score and by its loss."""
        outcomes = self.told["unchanged"].outcomes.values()
        falls = [self._fall(seed, self.told["unchanged"].outcomes[seed]) for seed in SEEDS]
        little = all(fall is None or fall < _LEARNS for fall in falls)
        return bool(outcomes) and little and _mean(self._scores("unchanged")) < _LEARNS

    def _rates(self) -> list[float]:
        """The first and last learning rate of the unchanged run; none if it has no optimizer."""
        return self.told["unchanged"].outcomes[0].rates

    # What is left when every remedy was tried alone.

    def _look_further(self) -> None:
        won = verdicts.winner(self._verdicts())
        score = _mean(self._scores(won or "unchanged"))
        others = [told for told in self._tried() if told.name != won and "+" not in told.name]
        if score < _ROOM:
            for first in [won] if won else self._promising():
                for other in others:
                    self._try_pair(self.told[first], other, over=won or "unchanged")
        for name in self.wish.experiments:
            if name not in self.told:
                self._try_experiment(name)

    def _try_experiment(self, name: str) -> None:
        """One that is clearly worse with the first seed has said what it has to say."""
        told = self.told[name] = _Told(name, (name,))
        self.trying = name
        self._replay([name], SEEDS[:1])
        gains = self._gains(name, "unchanged")
        if told.stopped is None and gains and gains[0] >= -self.least:
            self._replay([name], SEEDS[1:])

    def _promising(self) -> list[str]:
        """Two specific remedies that may need one another."""
        specific = [t.name for t in self._tried() if verdicts.breadth(t.name) == "specific"]
        return specific[:2]

    def _try_pair(self, first: _Told, second: _Told, over: str) -> None:
        name = f"{first.name}+{second.name}"
        if first is second or f"{second.name}+{first.name}" in self.told:
            return
        if second.outcomes and second.outcomes[0].unfit:
            return
        self._try(name, (*first.changes, *second.changes), first.rate or second.rate, over)

    def _tried(self) -> list[_Told]:
        return [told for told in self.told.values() if told.name in all_remedies()]

    # Replays and their scores.

    def _jobs(self, name: str, seeds: Sequence[int]) -> Iterator[Job]:
        told = self.told[name]
        for seed in seeds:
            yield Job(
                name,
                told.changes,
                seed,
                self.steps,
                threads=self.threads,
                rate=told.rate,
            )

    def _replay(self, names: Sequence[str], seeds: Sequence[int]) -> None:
        jobs = [job for name in names for job in self._jobs(name, seeds)]
        if not self.replays.fits(len(jobs)):
            for name in names:
                self.told[name].stopped = "not within the budget"
            raise _Spent
        with closing(self.replays.run(jobs)) as outcomes:
            for job, outcome in outcomes:
                self.told[job.arm].outcomes[job.seed] = outcome
                if outcome.unfit or outcome.failed:
                    self.told[job.arm].stopped = outcome.unfit or f"failed: {outcome.failed}"

    def _scores(self, name: str) -> list[float]:
        """One a seed, as far as there are any in a row."""
        told, found = self.told[name], []
        for seed in SEEDS:
            outcome = told.outcomes.get(seed)
            score = None if outcome is None else self._score(seed, outcome)
            if score is None:
                break
            found.append(score)
        return found

    def _first_score(self, name: str) -> float:
        return (self._scores(name) or [-math.inf])[0]

    def _score(self, seed: int, outcome: Outcome) -> float | None:
        if outcome.unfit or outcome.failed:
            return None
        if self.kind != "loss":
            return outcome.scores.get(self.kind)
        return None if outcome.loss_changed else self._fall(seed, outcome)

    def _fall(self, seed: int, outcome: Outcome) -> float | None:
        """How far the loss has fallen, as a share of the unchanged run's first."""
        first = next((loss for _, loss in self.told["unchanged"].outcomes[seed].losses), None)
        if not first:
            return None
        if outcome.loss is None:
            return WORST
        return max(WORST, min(1.0, (first - outcome.loss) / abs(first)))

    def _gains(self, name: str, over: str) -> list[float]:
        return [b - a for a, b in zip(self._scores(over), self._scores(name), strict=False)]

    # What is said in the end.

    def _verdicts(self) -> list[Verdict]:
        """One a remedy; of a pair only if it adds to what its first gains alone."""
        unchanged = self._arm(self.told["unchanged"])
        found = []
        for told in self.told.values():
            parts = told.name.split("+")
            if all(part in all_remedies() for part in parts):
                arm = self._arm(told)
                said = verdicts.verdict(unchanged, arm, self.least, len(SEEDS), told.seconds)
                if len(parts) > 1:
                    said = verdicts.beyond(said, self._arm(self.told[parts[0]]), arm, self.least)
                found.append(said)
        return found

    def _arm(self, told: _Told) -> Arm:
        outcomes = [told.outcomes[seed] for seed in SEEDS if seed in told.outcomes]
        stopped = told.stopped
        if stopped is None and outcomes and not self._scores(told.name):
            stopped = "its score is of another kind than that of the run as it is"
        return {
            "name": told.name,
            "change": next((o.change for o in outcomes if o.change), ""),
            "scores": [round(score, 4) for score in self._scores(told.name)],
            "losses": [_thinned(each.losses) for each in outcomes],
            "steps": min((each.steps for each in outcomes), default=0),
            "stopped": stopped,
        }

    def _trials(self) -> Trials:
        assert self.self_check is not None
        said = self._verdicts()
        won = verdicts.winner(said)
        function = self.told["unchanged"].outcomes[0].function
        return {
            "self_check": self.self_check,
            "seeds": list(SEEDS),
            "steps": self.steps,
            "score": _FALL if self.kind == "loss" else _SCORES.get(function, "R^2"),
            "judged_on": self.judged_on,
            "margin": round(self.least, 4),
            "margin_source": self.source,
            "arms": [self._arm(told) for told in self.told.values()],
            "verdicts": said,
            "winner": won,
            "excluded": [] if won else [v["remedy"] for v in said if v["status"] == "rejected"],
            "replays": self.replays.made,
            "seconds": round(time.monotonic() - self.begun, 2),
            "remarks": self.remarks,
        }

    def _too_slow(self) -> str:
        return f"proving takes longer than the budget of {self.wish.budget:.0f} s: {self._more_budget()}"

    def _more_budget(self) -> str:
        needed = (3 * (MOST_REMEDIES + 4) + 8) * self.replays.pace * 1.2
        minutes = max(1, math.ceil(max(needed, 2 * self.wish.budget) / 60))
        return self.wish.more(minutes)


class _Spent(Exception):
    """The next replays would not end before the deadline."""


def _flat(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings, each before its symptoms."""
    for finding in findings:
        yield finding
        yield from _flat(finding.symptoms)


def _distance(ours: float | None, theirs: float | None) -> float:
    if ours is None or theirs is None or not math.isfinite(theirs):
        return 0.0 if ours is None and (theirs is None or not math.isfinite(theirs)) else math.inf
    return abs(ours - theirs)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else -math.inf


def _thinned(losses: Sequence[tuple[int, float | None]]) -> list[list[float]]:
    """At most some dozens of points, means of as many steps each; what is not finite is left out."""
    width = max(1, -(-len(losses) // _POINTS))
    found = []
    for at in range(0, len(losses), width):
        part = [loss for _, loss in losses[at : at + width] if loss is not None]
        if part:
            found.append([losses[at][0], round(_mean(part), 6)])
    return found
