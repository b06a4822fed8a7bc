"""Put session, probes and signals together, and make a run of what they saw."""

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from unstuck.records import Facts, Run, ScriptRecord

if TYPE_CHECKING:
    from unstuck.observe.session import Session
    from unstuck.observe.signals import Signals

# Steps at the beginning that are watched in every detail, as far as the budget allows.
CLOSE_STEPS = 200
# The share of the time that `run` may spend on watching before it skips steps.
RUN_BUDGET = 0.02


@dataclass
class Watcher:
    """One watched run. Before torch is imported there is no session and nothing is attached.

    ``companions`` makes, then, what listens beside the probes and gives a family as they do.
    """

    name: str
    command: str
    path: str = ""
    budget: float | None = None
    close_steps: int = CLOSE_STEPS
    on_step: "Callable[[Session], None] | None" = None
    kind: str = "script"
    companions: "Callable[[], list[Any]]" = list
    session: "Session | None" = None
    signals: "Signals | None" = None
    failure: str | None = None
    raised: str | None = None

    def __post_init__(self) -> None:
        self.created = datetime.now(UTC).isoformat(timespec="seconds")
        self.begun = time.perf_counter()
        # Before the script: reading package metadata resets which warnings were shown already.
        versions()

    def attach(self) -> None:
        """Begin to watch; torch is imported by now. An error of ours leaves the run unwatched."""
        from unstuck.observe.guard import Guard

        guard = Guard()
        guard.run("watching", self._attach)
        self.failure = guard.losses.get("watching")

    def _attach(self) -> None:
        from unstuck.observe.probes import all_probes
        from unstuck.observe.session import Session
        from unstuck.observe.signals import Signals

        session = Session(
            [*all_probes(), *self.companions()],
            budget=self.budget,
            attentive_steps=self.close_steps,
        )
        if self.on_step is not None:
            act = self.on_step
            session.on_step = lambda: act(session)
        self.signals = Signals(session)
        self.signals.attach()
        self.session = session

    def detach(self) -> None:
        """Leave torch as it was found."""
        if self.signals is not None:
            self.signals.detach()

    @property
    def seconds(self) -> float:
        """Since the watching was set up."""
        return time.perf_counter() - self.begun

    def run(self, ended: str, exit_code: int | None) -> Run:
        """What was seen so far, not yet diagnosed."""
        session = self.session
        if session is not None:
            session.ended = ended
        unwatched = Facts(missing={"loss": self._unwatched(ended)})
        facts = session.facts() if session else unwatched
        return Run(
            name=self.name,
            created=self.created,
            script=self._script(facts, ended, exit_code),
            cost=self._cost(),
            versions=versions(),
            facts=facts,
        )

    def _script(self, facts: Facts, ended: str, exit_code: int | None) -> ScriptRecord:
        data: dict[str, Any] = facts.data or {}
        session = self.session
        return ScriptRecord(
            command=self.command,
            path=self.path,
            ended=ended,
            exit=exit_code,
            steps=session.steps if session else 0,
            seconds=round(self.seconds, 3),
            batch=data.get("batch"),
            samples=data.get("samples"),
            updates_per_epoch=data.get("updates_per_epoch"),
            accumulation=data.get("backwards_per_step"),
            training=self._training(ended),
            kind=self.kind,
            raised=self.raised,
        )

    def _training(self, ended: str) -> str:
        sentence = self.session.training() if self.session else self._unwatched(ended)
        if self.session is None or not (self.session.updates or self.session.updates_by_hand):
            seconds = _seconds_of_children()
            if seconds > 1:
                sentence += (
                    f"; child processes used {seconds:.0f} s of CPU: training in a child process is "
                    "not watched yet"
                )
        return sentence

    def _unwatched(self, ended: str) -> str:
        """Why there is no session, as far as is known."""
        if self.failure:
            return self.failure
        torch = sys.modules.get("torch")
        if torch is not None:
            # The only sign of it: importlib sets this while the module is executed.
            being = getattr(getattr(torch, "__spec__", None), "_initializing", False)
            return "torch was still being imported" if being else "torch was imported unseen"
        if self.raised:
            return f"the {self.kind} raised {self.raised} before it imported torch"
        if ended == "running":
            return "nothing was seen yet: the script had not imported torch when last heard of"
        if ended == "stopped":
            return "the script had not imported torch when it was stopped"
        return "the script did not import torch"

    def _cost(self) -> dict[str, float]:
        session = self.session
        spent = session.spent if session else 0.0
        seconds = max(self.seconds, 1e-9)
        return {"seconds": round(spent, 4), "share": round(spent / seconds, 5)}


def _seconds_of_children() -> float:
    """CPU time of child processes that have ended; 0.0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@cache
def versions() -> dict[str, str]:
    """What ran: Python, torch, ourselves, the system."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for package in ("unstuck", "torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
