"""Prove a run's findings: replay it with one thing changed, and see what makes it learn."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from unstuck.records import Finding, Run
from unstuck.records.trials import PAIR, Measured, SelfCheck, Trials, Verdict
from unstuck.remedies import all_remedies
from unstuck.trials import verdicts
from unstuck.trials.arms import SEEDS, SHAM, UNCHANGED, Arms, Told, distances
from unstuck.trials.changes import all_changes
from unstuck.trials.replay import STEPS
from unstuck.trials.replays import Job, Outcome, Replays, Source, TimeIsUp

FEWEST = 30
"""With fewer steps nothing is confirmed."""
MOST_REMEDIES = 6
BUDGET = 30.0
_ROOM = 0.9
"""From this score on nothing more is looked for."""
_LEARNS = 0.15
"""Below this score, and with a smaller fall of the loss, the unchanged run learns next to nothing."""
LOWER, RAISE = "lower-learning-rate", "raise-learning-rate"
_CLASSES = "1 - cross-entropy over classes alike, as a share of a constant prediction's"
_SCORES = {
    "cross_entropy": _CLASSES,
    "nll_loss": _CLASSES,
    "binary_cross_entropy": _CLASSES,
    "binary_cross_entropy_with_logits": _CLASSES,
}
_FALL = "fall of the loss, as a share of the first"


class Unproven(Exception):
    """Nothing can be claimed of this run; the text says why."""


@dataclass(frozen=True)
class Wish:
    """How much may be spent: ``budget`` in seconds, ``parallel`` replays at a time (0: the cores).

    ``experiments``: changes that checks ask for beside the remedies. ``measurements``: what is measured on
    replays of the run as it is. ``more`` says how to ask for so many minutes.
    """

    budget: float = BUDGET
    parallel: int = 0
    steps: int = STEPS
    experiments: tuple[str, ...] = ()
    measurements: tuple[str, ...] = ()
    more: Callable[[int], str] = "unstuck check --budget {}m train.py".format


Say = Callable[[int, float, str], None]


def silent(made: int, left: float, trying: str) -> None:
    """Say nothing of the progress."""


def prove(
    source: Source, run: Run, given: Mapping[int, float], wish: Wish, say: Say = silent
) -> Trials:
    """The trials of a run whose findings are known.

    ``given``: by step, the loss that the first backward pass of the run was given. ``say`` is told, now
    and then, how many replays were made, how many seconds are left, and what is tried.

    Raises:
        Unproven: nothing can be claimed; the text says why.
    """
    return _Proof(source, run, given, wish, say).made()


def checked(outcome: Outcome, given: Mapping[int, float], steps: int) -> SelfCheck:
    """The self-check: the unchanged replay must give the recorded losses.

    Raises:
        Unproven: it does not, or cannot be compared.
    """
    if outcome.failed:
        raise Unproven(f"the script cannot be replayed: {outcome.failed}")
    both = distances(given, outcome)
    if len(both) < min(FEWEST, steps) // 2:
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


def replays_within(
    source: Source, wish: Wish, say: Say, trying: Callable[[], str]
) -> tuple[Replays, int]:
    """Replays that end with the budget and tell of their progress; how many threads each may have."""
    cores = len(os.sched_getaffinity(0))
    parallel = wish.parallel or max(1, min(4, cores))
    deadline = time.monotonic() + wish.budget
    replays = Replays(source, parallel, deadline)
    replays.on_wait = lambda: say(replays.made, deadline - time.monotonic(), trying())
    return replays, max(1, cores // parallel)


class _Proof:
    """One run's trials, in order: self-check, the run as it is, first seeds, all seeds, pairs."""

    def __init__(
        self, source: Source, run: Run, given: Mapping[int, float], wish: Wish, say: Say
    ) -> None:
        self.run = run
        self.given = given
        self.wish = wish
        self.begun = time.monotonic()
        self.trying = "the run as it is"
        self.replays, threads = replays_within(source, wish, say, lambda: self.trying)
        self.steps = min(wish.steps, run.script.steps)
        self.arms = Arms(self.replays, self.steps, threads)
        self.self_check: SelfCheck | None = None
        self.measured: dict[str, Measured] = {}
        self.remarks: list[str] = []
        self.complete = True

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
        except KeyboardInterrupt:
            raise Unproven("interrupted before anything was proven") from None
        except OSError as error:
            raise Unproven(f"the process that was held is gone: {error}") from error
        try:
            self._go_on()
        except TimeIsUp:
            self.complete = False
        except KeyboardInterrupt:
            self.remarks.append("interrupted: what was tried until then is here")
        except OSError as error:
            self.remarks.append(f"cut short: the process that was held is gone: {error}")
        if not self.complete:
            self.remarks.append(f"not everything was tried: {self._more_budget()}")
        return self._trials()

    # The run as it is.

    def _begin(self) -> None:
        first = Job("self-check", (), 0, self.steps, keep_back=False)
        self.arms.add(UNCHANGED, ())
        self.arms.add(SHAM, (SHAM,))
        jobs = [first, *self.arms.jobs(UNCHANGED, SEEDS), *self.arms.jobs(SHAM, SEEDS)]
        with closing(self.replays.run(jobs)) as outcomes:
            for job, outcome in outcomes:
                if job is not first:
                    self.arms.hear(job, outcome)
                    continue
                self.self_check = checked(outcome, self.given, self.steps)
                if not self.replays.fits(len(jobs)):
                    raise TimeIsUp
        self._look_at_unchanged()

    def _look_at_unchanged(self) -> None:
        unchanged, sham = self.arms.told[UNCHANGED], self.arms.told[SHAM]
        outcomes = [*unchanged.outcomes.values(), *sham.outcomes.values()]
        failed = next((each.failed for each in outcomes if each.failed), None)
        if failed:
            raise Unproven(f"a replay failed: {failed}")
        if sham.stopped:
            self.arms.told.pop(SHAM)
            self.remarks.append(f"no change that should not matter could be made: {sham.stopped}")
        self.arms.choose_score()
        stepped = sum(each["steps"] > 0 for each in self.run.facts.optimizers or ())
        if self.arms.kind == "loss" and stepped > 1:
            raise Unproven(
                "several optimizers and no loss that can be scored: a loss alone says little"
            )
        self.arms.least, self.arms.source = verdicts.margin(
            self.arms.scores(UNCHANGED), [] if sham.stopped else self.arms.scores(SHAM)
        )

    # Measurements, remedies, learning rates, experiments.

    def _measure(self) -> None:
        """What was asked for: it comes first."""
        self.trying = "measurements"
        jobs = [job for name in self.wish.measurements for job in self.arms.measuring(name)]
        with closing(self.replays.run(jobs)) as outcomes:
            for job, outcome in outcomes:
                stopped = outcome.unfit or outcome.failed
                self.measured[job.arm] = {"numbers": outcome.measured, "stopped": stopped}

    def _go_on(self) -> None:
        self._measure()
        named = [self.arms.add(name, (name,)) for name in self._named()]
        broad = [name for name in named if verdicts.breadth(name) != "specific"]
        specific = [name for name in named if name not in broad]
        rates = list(self._rates((0.1, 0.01, 10.0, 100.0)))
        self._replay("remedies", [*specific, *rates], SEEDS[:1])
        rate = self._best_rate(rates)
        tried = [name for name in (*specific, *rate) if self._leaves_room(name)]
        if tried:
            for name in broad:
                self.arms.told[name].stopped = "not tried: something more specific helps"
        else:
            self._replay("remedies", broad, SEEDS[:1])
            tried = [name for name in broad if self._leaves_room(name)]
        self._replay("what helped", tried, SEEDS[1:])
        self._try_pairs(specific, rate)
        asked = [self.arms.add(n, (n,)) for n in self.wish.experiments if n not in named]
        self._replay("experiments", asked, SEEDS[:1])
        self._replay("experiments", [name for name in asked if self._is_open(name)], SEEDS[1:])

    def _named(self) -> list[str]:
        """The remedies that findings name and a replay can judge, the worst finding's first."""
        changes = all_changes()
        found: list[str] = []
        for finding in _flat(self.run.findings):
            if finding.severity != "note":
                found += [r for r in finding.remedies if r in changes and r not in found]
        return [name for name in found if name not in (LOWER, RAISE)][:MOST_REMEDIES]

    def _replay(self, trying: str, names: Sequence[str], seeds: Sequence[int]) -> None:
        self.trying = trying
        self.complete = self.arms.replay(names, seeds) and self.complete

    def _leaves_room(self, name: str, over: str = UNCHANGED) -> bool:
        """One seed first: what does not help with it is not confirmed, whatever the others say."""
        told = self.arms.told[name]
        if told.stopped is None and not self.arms.helps(name, over):
            worse = any(gain < -self.arms.least for gain in self.arms.gains(name, over)[:1])
            told.stopped = f"{'worse' if worse else 'no gain'} with the first seed"
        return told.stopped is None

    def _is_open(self, name: str) -> bool:
        """An experiment that is clearly worse with the first seed has said what it has to say."""
        gains = self.arms.gains(name)
        return self.arms.told[name].stopped is None and (not gains or gains[0] >= -self.arms.least)

    def _rates(self, factors: Sequence[float], over: str = UNCHANGED) -> Iterator[str]:
        """Arms with other learning rates, on top of an arm.

        A hundred steps reward haste: a run that learns is not told to hurry, nor one that warms up.
        """
        rates = self.arms.told[UNCHANGED].outcomes[0].rates
        if not rates:
            return
        slow = self._stands_still(over) and rates[-1] < 2 * rates[1]
        first = self.arms.told[over]
        for factor in factors:
            name = f"{over} at learning rate {rates[0] * factor:.3g}"
            if (factor < 1 or slow) and name not in self.arms.told:
                yield self.arms.add(name, (*first.changes, "set-learning-rate"), rates[0] * factor)

    def _stands_still(self, name: str) -> bool:
        """Whether an arm learns next to nothing, by its score and by its own loss."""
        return self.arms.score(name) < _LEARNS and all(f < _LEARNS for f in self.arms.falls(name))

    def _best_rate(self, tried: Sequence[str]) -> list[str]:
        """The remedy that sets the best rate, if it helps: of those tried, and half a decade around."""
        if not any(self.arms.helps(name) for name in tried):
            self._forget(tried)
            return []
        now = self._rate_now()
        best = max(tried, key=self.arms.score)
        factor = (self.arms.told[best].rate or now) / now
        near = list(self._rates((factor / math.sqrt(10), factor * math.sqrt(10))))
        self._replay("learning rates near the best", near, SEEDS[:1])
        best = max([best, *near], key=self.arms.score)
        told = self.arms.told[best]
        told.name = self._direction(told)
        told.changes = (told.name,)
        self._forget([*tried, *near])  # steps on the way to one rate
        self.arms.told[told.name] = told
        return [told.name]

    def _rate_now(self) -> float:
        return self.arms.told[UNCHANGED].outcomes[0].rates[0]

    def _direction(self, told: Told) -> str:
        """The remedy that leads to an arm's learning rate."""
        return LOWER if (told.rate or math.inf) < self._rate_now() else RAISE

    def _forget(self, names: Sequence[str]) -> None:
        for name in names:
            self.arms.told.pop(name, None)

    # Two at once.

    def _try_pairs(self, specific: Sequence[str], rate: Sequence[str]) -> None:
        """What the winner still lacks, or what helps only together."""
        won = verdicts.winner(self._verdicts())
        if self.arms.score(won or UNCHANGED) >= _ROOM:
            return
        first = [won] if won else [name for name in specific if self._fits(name)][:3]
        pairs: list[str] = []
        rates: dict[str, list[str]] = {}
        for one in first:
            # Cured of its fault a run that learns is not told to hurry either.
            fit = [r for r in rate if won and (r == LOWER or self._stands_still(one))]
            for other in (*specific, *fit):
                if one != other and self._fits(other) and f"{other}{PAIR}{one}" not in pairs:
                    pairs.append(self._pair(one, other))
            if one not in (LOWER, RAISE):
                rates[one] = list(self._rates((0.1, 10.0, 100.0), one))
        self._replay(
            "two at once", [*pairs, *(n for names in rates.values() for n in names)], SEEDS[:1]
        )
        for one, names in rates.items():
            pairs += self._best_pair(one, names)
        over = won or UNCHANGED
        open_pairs = [name for name in pairs if self._leaves_room(name, over)]
        open_pairs.sort(key=self.arms.score, reverse=True)
        self._replay("two at once", open_pairs[:2], SEEDS[1:])

    def _fits(self, name: str) -> bool:
        outcome = self.arms.told[name].outcomes.get(0)
        return outcome is not None and not outcome.unfit and not outcome.failed

    def _pair(self, one: str, other: str) -> str:
        first, second = self.arms.told[one], self.arms.told[other]
        rate = first.rate or second.rate
        return self.arms.add(f"{one}{PAIR}{other}", (*first.changes, *second.changes), rate)

    def _best_pair(self, one: str, names: Sequence[str]) -> list[str]:
        """The pair of a remedy and the best of the learning rates tried with it."""
        if not names:
            return []
        best = max(names, key=self.arms.score)
        told = self.arms.told[best]
        self._forget(names)
        told.name = f"{one}{PAIR}{self._direction(told)}"
        if told.name in self.arms.told:
            return []
        self.arms.told[told.name] = told
        return [told.name]

    # What is said in the end.

    def _verdicts(self) -> list[Verdict]:
        """One a remedy; a pair counts only if it adds to what its first gains alone.

        None of an experiment that does not fit the run: nobody named it.
        """
        named = self._named()
        unchanged = self.arms.record(UNCHANGED)
        found = []
        for name, told in self.arms.told.items():
            parts = name.split(PAIR)
            unfit = name in self.wish.experiments and name not in named and not self._fits(name)
            if all(part in all_remedies() for part in parts) and not unfit:
                arm = self.arms.record(name)
                said = verdicts.verdict(unchanged, arm, self.arms.least, len(SEEDS), told.seconds)
                if len(parts) > 1:
                    alone = self.arms.record(parts[0])
                    said = verdicts.beyond(said, alone, arm, 2 * self.arms.least)
                found.append(said)
        return found

    def _trials(self) -> Trials:
        assert self.self_check is not None
        said = self._verdicts()
        won = verdicts.winner(said)
        function = self.arms.told[UNCHANGED].outcomes[0].function
        return {
            "self_check": self.self_check,
            "seeds": list(SEEDS),
            "steps": self.steps,
            "score": _FALL if self.arms.kind == "loss" else _SCORES.get(function, "R^2"),
            "judged_on": self.arms.judged_on,
            "margin": round(self.arms.least, 4),
            "margin_source": self.arms.source,
            "arms": [self.arms.record(name) for name in self.arms.told],
            "verdicts": said,
            "measured": self.measured,
            "complete": self.complete,
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


def _flat(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings, each before its symptoms."""
    for finding in findings:
        yield finding
        yield from _flat(finding.symptoms)
