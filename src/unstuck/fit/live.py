"""Findings while a training runs: told once, and only what its next epochs do not take back."""

import time
from collections.abc import Callable

from unstuck.checks import all_checks
from unstuck.notebook import WatchedRun
from unstuck.records import Finding
from unstuck.report.harmless import visible

PAUSE = 1.0
"""Seconds between two looks at least: nobody reads faster."""

COST = 100
"""Looking takes at most one in so many seconds."""


class Live:
    """Looks, at ends of epochs, at what the checks say so far.

    A finding is told when it stands at two looks in a row, a warning in the same words: what may pass
    is worded by numbers that move.
    """

    def __init__(
        self,
        seen: WatchedRun,
        training: str,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._seen, self._training, self._say, self._clock = seen, training, say, clock
        self._before: set[str] = set()
        self._told: set[str] = set()
        all_checks()  # loaded here, not in the first look
        self._due = clock() + PAUSE

    def look(self) -> None:
        """Tell what is new and certain, if the last look is long enough ago."""
        begun = self._clock()
        if begun < self._due:
            return
        found = {_known_by(each): each for each in self._seen.findings if is_certain(each)}
        for known_by, finding in found.items():
            if known_by in self._before and finding.check not in self._told:
                self._told.add(finding.check)
                self._say(self._line(finding))
        self._before = set(found)
        now = self._clock()
        self._due = now + max(PAUSE, COST * (now - begun))

    def _line(self, finding: Finding) -> str:
        since = "" if finding.at is None else f" since step {finding.at}"
        what = f"{finding.severity} in {self._training}{since}: {visible(finding.message)}"
        return f"{what} (unstuck explain {finding.check})"


def _known_by(finding: Finding) -> str:
    return finding.check if finding.severity == "error" else finding.message


def is_certain(finding: Finding) -> bool:
    """Whether a person must know it now: not where the course of the losses alone speaks for it.

    Of 28 healthy trainings, looked at after every epoch, 4 had a warning twice in the same words, which
    was gone later or not worth an alarm: each was read off the losses, as the learning rate's is.
    """
    if finding.severity == "warning":
        return "loss" not in finding.families
    return finding.severity == "error"
