"""What several checks ask of the replays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from unstuck.checks._registry import NotChecked
from unstuck.records import Facts, Finding, Location
from unstuck.records.series import finite, last_part, median
from unstuck.records.trials import PAIR, Arm, Trials, Verdict


@dataclass(frozen=True)
class Compared:
    """The run as it is and with one thing changed, seed by seed, as far as both have scores."""

    change: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    steps: int
    seeds: int
    judged_on: str

    @property
    def gains(self) -> list[float]:
        """One a seed."""
        return [after - before for before, after in zip(self.before, self.after, strict=True)]

    @property
    def is_whole(self) -> bool:
        """Whether every seed was replayed; what is clearly worse with the first is not tried again."""
        return len(self.after) >= self.seeds

    def gains_with_every_seed(self, least: float) -> bool:
        """Whether each gain is more than this.

        Raises:
            NotChecked: so far each is, but not every seed was replayed.
        """
        if min(self.gains) <= least:
            return False
        if not self.is_whole:
            raise NotChecked(f"only {len(self.after)} of {self.seeds} seeds were replayed")
        return True

    def gains_clearly(self, margin: float) -> bool:
        """Whether it gains more than the margin, and half of it with every seed: the rule of the verdicts.

        Raises:
            NotChecked: not every seed was replayed.
        """
        return self.gains_with_every_seed(margin / 2) and fmean(self.gains) > margin

    def evidence(self) -> dict[str, Any]:
        """What every finding of the replays keeps."""
        return {
            "change": self.change,
            "scores": list(self.before),
            "scores_changed": list(self.after),
            "steps": self.steps,
            "judged_on": self.judged_on,
        }

    def said(self) -> str:
        """Both scores in words."""
        seeds = f"with each of {len(self.after)} seeds" if len(self.after) > 1 else "with one seed"
        return (
            f"the score is {fmean(self.after):.2f} instead of {fmean(self.before):.2f} after {self.steps} "
            f"steps, {seeds}, on {self.judged_on}"
        )


def compared(facts: Facts, name: str) -> Compared:
    """The run as it is, and the arm of this name.

    Raises:
        NotChecked: the replays do not tell; the text says why.
    """
    trials: Trials = facts.trials
    unchanged, changed = arm(trials, "unchanged"), arm(trials, name)
    if unchanged is None or changed is None:
        raise NotChecked(not_made(trials, name))
    pairs = list(zip(unchanged["scores"], changed["scores"], strict=False))
    if not pairs:
        raise NotChecked(changed["stopped"] or not_made(trials, name))
    if not all(math.isfinite(each) for pair in (*pairs, (margin(trials), 0)) for each in pair):
        raise NotChecked("a score of the replays is not a number")
    return Compared(
        changed["change"],
        tuple(before for before, _ in pairs),
        tuple(after for _, after in pairs),
        min(unchanged["steps"], changed["steps"]),
        max(1, len(trials["seeds"])),
        trials["judged_on"],
    )


def arm(trials: Trials, name: str) -> Arm | None:
    """The arm of this name; None if it was not replayed."""
    return next((each for each in trials["arms"] if each["name"] == name), None)


def margin(trials: Trials) -> float:
    """What a gain must exceed."""
    return trials["margin"]


def not_made(trials: Trials, name: str) -> str:
    """Why there is no arm of this name."""
    return next(filter(None, trials["remarks"]), f"no replay was made with {name}")


def ends(found: Arm | None) -> list[float]:
    """The training loss at the end of each replay; infinite where it diverged (there it is left out)."""
    if found is None:
        return []
    return [_end(losses, found["steps"]) for losses in found["losses"]]


def _end(losses: Sequence[Sequence[float]], steps: int) -> float:
    known = finite(losses)
    if not known or known[-1][0] < 0.9 * (steps - 1):
        return math.inf
    return median(last_part(known, 0.2))


def optimizer_location(facts: Facts) -> Location | None:
    """Where the optimizer is built."""
    places = [o["built_at"] for o in facts.optimizers or () if o["built_at"] and o["steps"]]
    return Location.of(places[0] if places else None)


def loss_location(facts: Facts) -> Location | None:
    """Where the loss is computed."""
    return Location.of(next((s["place"] for s in facts.loss_calls or () if s["training"]), None))


def wrong_rate(facts: Facts, remedy: str, what: str) -> Finding | None:
    """The finding that another learning rate is what makes the run learn; None if it is not.

    A rate that scores better on held-out data while the training loss ends higher only learns less by
    heart: that is overfitting, not a wrong rate.

    Raises:
        NotChecked: no other rate could be tried.
    """
    trials: Trials = facts.trials
    if not any(each["steps"] for each in facts.optimizers or ()):
        raise NotChecked("no step of an optimizer was seen that has a learning rate")
    parts = (trials["winner"] or "").split(PAIR)
    if remedy not in parts:
        _refuse_unjudged(trials, remedy)
        return None
    verdict = _verdict(trials, trials["winner"] or "")
    if verdict is None or verdict["status"] != "confirmed":
        return None
    found = compared(facts, trials["winner"] or "")
    # Of a pair the other remedy alone is what the rate is held against: it may change the loss.
    other = next((part for part in parts if part != remedy), "unchanged")
    before, after = _end_of(trials, other), _end_of(trials, trials["winner"] or "")
    if not after < before:
        return None
    return Finding(
        f"the learning rate is too {what}: replayed with another one ({found.change}) {found.said()}",
        evidence=found.evidence()
        | {
            "loss_at_end": before if math.isfinite(before) else None,
            "loss_at_end_changed": after,
        },
        severity="error",
        location=optimizer_location(facts),
        remedies=(remedy,),
    )


def _refuse_unjudged(trials: Trials, remedy: str) -> None:
    verdict = _verdict(trials, remedy)
    if verdict is None and trials["remarks"]:
        raise NotChecked(not_made(trials, remedy))
    if verdict is not None and verdict["status"] == "not judged":
        raise NotChecked(verdict["reason"] or not_made(trials, remedy))


def _verdict(trials: Trials, remedy: str) -> Verdict | None:
    return next((each for each in trials["verdicts"] if each["remedy"] == remedy), None)


def _end_of(trials: Trials, name: str) -> float:
    """The middle of the seeds."""
    return median(ends(arm(trials, name)) or [math.inf])
