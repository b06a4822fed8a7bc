"""Find a learning rate for the person's own run: successive halving over replays of it."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing

from unstuck.records import Run
from unstuck.trials.halving import RUNGS, THOROUGH, UNTRAINED, Losses, halve
from unstuck.trials.proving import Say, Unproven, Wish, checked, replays_within, silent
from unstuck.trials.rate_search import LearningRateSearch
from unstuck.trials.replays import Job, Outcome, Source, TimeIsUp


def search_run(
    source: Source,
    run: Run,
    given: Mapping[int, float],
    wish: Wish,
    *,
    thorough: bool = False,
    say: Say = silent,
) -> LearningRateSearch:
    """The learning rate that trains the run best in its first 100 steps (200 if thorough).

    Each rate is replayed from the first training forward, in the script's own loop and with its own
    schedule on top; ratios between parameter groups are kept. ``given`` as for ``proving.prove``.

    Raises:
        Unproven: the run cannot be replayed, or the budget does not last; the text says why.
    """
    return _Search(source, run, given, wish, say).made(THOROUGH if thorough else RUNGS)


class _Search:
    def __init__(
        self, source: Source, run: Run, given: Mapping[int, float], wish: Wish, say: Say
    ) -> None:
        self.given = given
        self.wish = wish
        self.begun = time.monotonic()
        self.replays, self.threads = replays_within(source, wish, say, lambda: "learning rates")
        self.made_steps = run.script.steps
        self.steps = 0
        self.current = 0.0

    def made(self, rungs: Sequence[int]) -> LearningRateSearch:
        """Self-check, then the halving."""
        rungs = [rung for rung in rungs if rung <= self.made_steps] or [self.made_steps]
        try:
            self._check(rungs[-1])
            found = halve(self._train, rungs=rungs)
        except KeyboardInterrupt:
            raise Unproven("interrupted") from None
        except TimeIsUp:
            raise Unproven(
                f"the search takes longer than the budget of {self.wish.budget:.0f} s: "
                f"{self.wish.more(max(2, math.ceil(self.wish.budget / 15)))}"
            ) from None
        return LearningRateSearch(
            rates=found.rates,
            losses=found.losses,
            untrained=found.untrained,
            choice=found.choice,
            stable=found.stable,
            current=self.current,
            batches=len(found.untrained),
            steps=self.steps,
            seconds=time.monotonic() - self.begun,
            why_no_sharpness="not measured on a replayed run",
            reason="" if found.choice else "none ends below the untrained network's",
        )

    def _check(self, steps: int) -> None:
        job = Job("self-check", (), 0, steps, keep_back=False)
        with closing(self.replays.run([job])) as outcomes:
            for _, outcome in outcomes:
                checked(outcome, self.given, steps)
                if not outcome.rates:
                    raise Unproven("no optimizer with a learning rate was seen")
                self.current = outcome.rates[0]

    def _train(self, rates: Sequence[float], steps: int) -> Mapping[float, Losses]:
        jobs = [
            Job(
                f"{rate}",
                ("set-learning-rate",),
                0,
                steps,
                keep_back=False,
                threads=self.threads,
                rate=rate,
            )
            for rate in rates
        ]
        by_job = dict(zip(jobs, rates, strict=True))
        found: dict[float, Losses] = {}
        with closing(self.replays.run(jobs)) as outcomes:
            for job, outcome in outcomes:
                if outcome.unfit:
                    raise Unproven(outcome.unfit)
                found[by_job[job]] = _losses(outcome, steps)
                self.steps += 0 if by_job[job] == UNTRAINED else outcome.steps
        return found


def _losses(outcome: Outcome, steps: int) -> Losses:
    """One of each step; a replay that failed on the way diverged."""
    values = [math.nan if loss is None else loss for _, loss in outcome.losses[:steps]]
    if outcome.failed or len(values) < steps:
        values.append(math.nan)
    return tuple(values)
