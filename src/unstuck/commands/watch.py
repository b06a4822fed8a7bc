"""``unstuck check`` and ``unstuck run``: run a script, watch it, report."""

import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck import files
from unstuck.checks import NotChecked, diagnosed, experiments
from unstuck.config import Settings
from unstuck.errors import BUG, INTERRUPTED, ReportNotWritten, UsageError
from unstuck.observe import ending, guard, launch
from unstuck.observe.arming import after_torch
from unstuck.observe.watching import CLOSE_STEPS, RUN_BUDGET, Watcher
from unstuck.recording import Recorder, new_name
from unstuck.records import Finding, Run
from unstuck.records.finding import SEVERITIES
from unstuck.report.harmless import visible

if TYPE_CHECKING:
    from unstuck.observe.session import Session
    from unstuck.trials.proving import Wish
    from unstuck.trials.rerun import Rerun
    from unstuck.trials.snapshot import Snapshot

NOT_WATCHED = 2
SCRIPT_FAILED = 4
GRACE = 60.0
"""Seconds that `check` waits for a training to begin, beyond those in which it watches one."""
SEARCH_BUDGET = 120.0
"""Seconds for a search of learning rates, which was asked for: 731 steps are replayed."""
TOO_EARLY = "interrupted before the script began"
_OURS = ("--json", "--html", "--fail-on", "--select", "--ignore")
_OURS_OR_THEIRS = ("--steps", "--seconds", "--quiet")
_NO_STEP = (
    "no training step was seen (no optimizer step, no update by hand): "
    f"not watched is not clean, exit code {NOT_WATCHED}"
)


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for beyond the settings."""

    settings: Settings
    json: Path | None = None
    html: Path | None = None
    quiet: bool = False
    prove: bool = True
    budget: float | None = None
    rerun: bool = False
    learning_rate: bool = False
    thorough: bool = False


def check(target: launch.Target, wishes: Wishes) -> Callable[[], None]:
    """What watches the first steps, reports, and ends the script and the process."""
    return Checking(target, wishes).prepared()


def run(target: launch.Target, wishes: Wishes) -> Callable[[], None]:
    """What watches the whole run; output and exit code are the script's own."""
    return _Run(target, wishes).prepared()


class _Watch:
    """What both commands share: the script's start and end, the recording and the report."""

    budget: float | None = None

    def __init__(self, target: launch.Target, wishes: Wishes) -> None:
        self.target = target
        self.wishes = wishes
        self.folder = Path.cwd()
        self.search_path = list(sys.path)
        self.owner = os.getpid()
        self.guard = guard.Guard()
        self.code: int | None = None
        self.ended = "running"
        self.interrupted = False
        self.done = False
        name = new_name(target.label)
        self.recorder = Recorder(self.folder, name)
        self.watcher = Watcher(
            name,
            target.command,
            path=str(Path(target.name).absolute()) if not target.is_module else "",
            budget=self.budget,
            close_steps=max(CLOSE_STEPS, wishes.settings.steps),
            on_step=self.stepped,
            companions=self.companions,
        )
        self.snapshot: Snapshot | None = None

    def companions(self) -> list[object]:
        """What holds the run so that it can be replayed."""
        from unstuck.trials.snapshot import Snapshot

        if self.wishes.prove:
            self.snapshot = Snapshot()
        return [self.snapshot] if self.snapshot else []

    def prepared(self) -> Callable[[], None]:
        """What runs the script; all that can be wrong with the command is found before that.

        Raises:
            UnstuckError: saying what is wrong.
        """
        for path in (self.wishes.json, self.wishes.html):
            if path == files.STDOUT:
                raise UsageError("standard output belongs to the script", "name a file, not -")
            if path is not None:
                files.refuse_unwritable(path)
        launch.refuse_several_processes(self.target)
        start = launch.prepare(self.target)
        return lambda: self.go(start)

    def go(self, start: Callable[[], None]) -> None:
        """Run the script as ``python`` would; everything of ours happens at steps and at exit."""
        try:
            self.begin()
        except KeyboardInterrupt:
            self.done = True
            say(TOO_EARLY)
            raise SystemExit(INTERRUPTED) from None
        try:
            start()
        except BaseException as error:
            self.interrupted = isinstance(error, KeyboardInterrupt)
            self.code = launch.exit_code(error)
            self.ended = "failed" if self.code else "finished"
            if not isinstance(error, SystemExit):
                self.watcher.raised = type(error).__name__
            if self.interrupted:
                self.ended = "interrupted"
            launch.show_only_their_frames()
            raise
        self.code, self.ended = 0, "finished"

    def begin(self) -> None:
        """All that comes before the script."""
        # So that a run killed before its first step is there as well.
        self.recorder.begin(lambda: self.recorded("running", None))
        self.warn_of_misplaced_options()
        self.starting()
        after_torch(self.watcher.attach)
        # First registered, last called: after the script's own atexit functions and its threads.
        atexit.register(self.at_exit)

    def warn_of_misplaced_options(self) -> None:
        """Options of ours behind the script's name went to the script, as is documented."""
        given = [word.partition("=")[0] for word in self.target.arguments]
        misplaced = [
            word
            for word in given
            if word in _OURS
            or (word in _OURS_OR_THEIRS and launch.does_not_mention(self.target, word))
        ]
        if misplaced and not self.wishes.quiet:
            say(f"{misplaced[0]} stands after the script and went to it; ours stand before it")

    def starting(self) -> None:
        """Right before the script begins."""

    def stepped(self, session: "Session") -> None:
        """After each step."""

    def leave(self, run: Run) -> None:
        """The very last act, unless Python itself ends with the signal of Ctrl-C."""

    def at_exit(self) -> None:
        """The script is over, however it ended."""
        if os.getpid() != self.owner or self.done:
            return
        self.finish()

    def save(self) -> None:
        """The facts so far; findings are made again when the recording is read."""
        self.recorder.save(lambda: self.recorded("running", None))

    def finish(self) -> None:
        """Diagnose, record, report."""
        self.done = True
        if self.watcher.session is not None:
            self.guard.run("steps", self.watcher.session.close)
        sys.path[:] = self.search_path  # so that no module of the script shadows one of the report
        run = self.diagnosed()
        self.recorder.save(lambda: run, durable=True)
        searched = self.wishes.learning_rate
        if self.snapshot is not None and self.worth_proving(run) and not searched:
            run = self.proven(self.snapshot, run)
            self.recorder.save(lambda: run, durable=True)
        self.report(run)
        if self.snapshot is not None and searched:
            self.search(self.snapshot, run)
        if self.interrupted:
            launch.remain_interrupted()
        else:
            self.leave(run)

    def worth_proving(self, run: Run) -> bool:
        """Whether replays may say more."""
        return not self.interrupted

    def proven(self, snapshot: "Snapshot", run: Run) -> Run:
        """The run with what its replays say."""
        wish = self.wish(experiments=self.experiments())
        snapshot.prove(run, wish, self.progress_of_replays("proving"), self.again())
        return self.diagnosed()

    def experiments(self) -> tuple[str, ...]:
        """The changes that replays shall try, whatever is found."""
        return experiments(self.wishes.settings.select, self.wishes.settings.ignore)

    def search(self, snapshot: "Snapshot", run: Run) -> None:
        """Print the table of learning rates, and write their picture beside the recording."""
        from unstuck.trials.proving import Unproven

        say_progress = self.progress_of_replays("searching")
        wish = self.wish(budget=self.wishes.budget or SEARCH_BUDGET)
        try:
            found = snapshot.search(
                run, wish, say_progress, self.again(), thorough=self.wishes.thorough
            )
        except Unproven as reason:
            say(f"no learning rate was searched: {reason}")
            return
        show(f"\n{found}")
        if self.recorder.failure is None:
            path = self.recorder.folder / "learning-rate.html"
            self._write(path, found._repr_html_)
            say(f"the picture: {os.path.relpath(path, self.folder)}")

    def wish(self, **how: Any) -> "Wish":
        """What the replays may take, and the command that gives them more."""
        from unstuck.trials.proving import BUDGET, Wish

        option = " --learning-rate" * self.wishes.learning_rate
        command = f"unstuck check --budget {{}}m{option} ".format
        given: dict[str, Any] = {
            "budget": self.wishes.budget or BUDGET,
            "more": lambda minutes: command(minutes) + self.target.command,
        }
        return Wish(**(given | how))

    def again(self) -> "Rerun | None":
        """Where replays come from if the run is not held and the person allows it."""
        from unstuck.trials.rerun import Rerun

        return Rerun(self.target.words) if self.wishes.rerun else None

    def progress_of_replays(self, doing: str) -> Callable[[int, float, str], None]:
        """What shows their progress."""
        return _Replaying(doing, self.target.label, self.wishes.quiet).show

    def recorded(self, ended: str, code: int | None) -> Run:
        """The run as far as it went, not yet diagnosed."""
        return self.watcher.run(ended, code)

    def diagnosed(self) -> Run:
        """The run as far as it went, with findings."""
        settings = self.wishes.settings
        return diagnosed(
            self.recorded(self.ended, self.code),
            select=settings.select,
            ignore=settings.ignore,
            options=settings.options,
            survive=lambda name, ask: guard.pass_through(self.guard, name, ask, NotChecked),
        )

    def report(self, run: Run) -> None:
        """To stderr, and to the files that were asked for."""
        from unstuck.remedies import all_remedies
        from unstuck.report import as_json, page, terminal

        if not self.wishes.quiet:
            color = os.isatty(2) and "NO_COLOR" not in os.environ
            self.answer(run)
            show(terminal(run, all_remedies(), color=color))
            if self.recorder.failure:
                say(self.recorder.failure)
            else:
                explain = f", unstuck explain {run.findings[0].check}" if run.findings else ""
                say(f"recorded as {run.name}; unstuck report --open{explain}")
        for path, text in (
            (self.wishes.json, lambda: as_json(run)),
            (self.wishes.html, lambda: page(run, all_remedies())),
        ):
            if path is not None:
                self._write(path, text)

    def answer(self, run: Run) -> None:
        """What stands before the report."""

    def _write(self, path: Path, text: Callable[[], str]) -> None:
        try:
            files.write_report(self.folder / path, text())
        except ReportNotWritten as error:
            say(f"{error.message} ({error.hint})")


class Checking(_Watch):
    """Stops the script when enough was seen."""

    stopped_by: str | None = None

    def starting(self) -> None:
        """From here on the clock runs."""
        self.ending = threading.Lock()
        self.progress = _Progress(self.target.label, self.wishes.settings, self.wishes.quiet)
        self.progress.show(0, None)
        threading.Thread(target=self.watch_the_clock, daemon=True).start()

    def watch_the_clock(self) -> None:
        """Stop a script that makes no step in time, a little later than a step would notice."""
        while (left := self.left() + 2) > 0:
            time.sleep(min(left, 0.5))
        self.stop("seconds")

    def left(self) -> float:
        """Seconds until the end at the latest.

        They count from the first training forward: how long the import of torch and the data took says
        nothing of the training, and must not change what is found in it. A script that does not train
        is waited for, from its start or at least from when torch was there.
        """
        seconds, session = self.wishes.settings.seconds, self.watcher.session
        latest = self.watcher.begun + seconds + GRACE
        if session is not None:
            latest = max(latest, session.begun + seconds)
            if session.training_begun is not None:
                latest = session.training_begun + seconds
        return latest - time.perf_counter()

    def stepped(self, session: "Session") -> None:
        """Stop at the last step, or when the time is over."""
        left = self.left()
        self.progress.show(session.step, left)
        if session.step >= self.wishes.settings.steps:
            self.stop("steps")
        if left <= 0:
            self.stop("seconds")
        if self.recorder.due:
            session.guard.run("recording", self.save)

    def recorded(self, ended: str, code: int | None) -> Run:
        """With what stopped it, and the limits."""
        run = super().recorded(ended, code)
        settings = self.wishes.settings
        script = replace(
            run.script,
            stopped_by=self.stopped_by,
            steps_limit=settings.steps,
            seconds_limit=settings.seconds,
        )
        return replace(run, script=script)

    def stop(self, limit: str) -> None:
        """Report and end the process, from the step that is the last or from the clock's thread."""
        self._be_the_one_who_ends()
        self.ended, self.code, self.stopped_by = "stopped", None, limit
        try:
            guard.or_show_bug(self.finish)
        finally:  # nothing, Ctrl-C included, goes back into the script
            ending.end_process(BUG)

    def at_exit(self) -> None:
        """The script ended before the last step."""
        if os.getpid() != self.owner or self.done:
            return
        self._be_the_one_who_ends()
        if not guard.or_show_bug(self.finish):
            ending.end_process(BUG)

    def _be_the_one_who_ends(self) -> None:
        """Return to the first who comes; whoever comes later waits for the end of the process."""
        if not self.ending.acquire(blocking=False):
            threading.Event().wait()

    def leave(self, run: Run) -> None:
        """With the exit code of what was found."""
        if self.ended == "failed":
            ending.end_process(SCRIPT_FAILED)
        code = exit_code(run, self.wishes.settings.fail_on)
        if code == NOT_WATCHED and not self.wishes.quiet:
            say(_NO_STEP)
        ending.end_process(code)


class _Run(_Watch):
    """Never changes anything; says findings once they are certain."""

    budget = RUN_BUDGET

    def __init__(self, target: launch.Target, wishes: Wishes) -> None:
        super().__init__(target, wishes)
        self.next_look = 32
        self.suspected: set[str] = set()
        self.said: set[str] = set()

    def stepped(self, session: "Session") -> None:
        if session.step >= self.next_look:
            self.next_look *= 2
            session.guard.run("live findings", self.look)
        elif self.recorder.due:
            session.guard.run("recording", self.save)

    def worth_proving(self, run: Run) -> bool:
        return super().worth_proving(run) and fails(run.findings, "warning")

    def look(self) -> None:
        """Say what was found at this look and at the one before."""
        run = self.diagnosed()
        self.recorder.save(lambda: run)
        now = {finding.check: finding for finding in run.findings if finding.severity != "note"}
        for name, finding in now.items():
            if name in self.suspected and name not in self.said and not self.wishes.quiet:
                self.said.add(name)
                since = "" if finding.at is None else f"from step {finding.at} on "
                where = f"{finding.location}, {name}" if finding.location else name
                say(f"{since}(seen by step {run.script.steps}): {finding.message} ({where})")
        self.suspected = set(now)

    def at_exit(self) -> None:
        self.guard.run("report", super().at_exit)
        if "report" in self.guard.losses:
            say(f"the report failed: {self.guard.losses['report']}")


class _Progress:
    """A line on stderr at once, and then every few seconds."""

    def __init__(self, label: str, settings: Settings, quiet: bool) -> None:
        self._label = label
        self._settings = settings
        self._quiet = quiet
        self._begun = time.monotonic()
        self._shown = -10.0
        self._first: tuple[int, float] | None = None

    def show(self, step: int, left: float | None) -> None:
        """At most every five seconds: whole lines, which do not fight with the script's output."""
        now = time.monotonic() - self._begun
        if step and self._first is None:
            self._first = (step, now)
        if self._quiet or now - self._shown < 5:
            return
        self._shown = now
        steps = self._settings.steps
        if left is None:
            known = f"at most {self._settings.seconds:g} s of training"
            left = 0.0
        else:
            left = max(0.0, left)
            known = f"at most {left:.0f} s left"
        if self._first is not None and step > self._first[0]:
            pace = (now - self._first[1]) / (step - self._first[0])
            known = f"about {min(left, pace * (steps - step)):.0f} s left"
        parts = (f"watching {self._label}", f"step {step}/{steps}", known)
        say((" · " if _can_be_shown("·") else ", ").join(parts))


class _Replaying:
    """A line on stderr every few seconds."""

    def __init__(self, doing: str, label: str, quiet: bool) -> None:
        self._label = f"{doing} {label}"
        self._quiet = quiet
        self._shown = time.monotonic()

    def show(self, made: int, left: float, trying: str) -> None:
        """At most every five seconds."""
        now = time.monotonic()
        if self._quiet or now - self._shown < 5:
            return
        self._shown = now
        parts = [self._label, f"{made} replays made", f"now {trying}"]
        parts.append(f"at most {max(0.0, left):.0f} s left")
        say((" · " if _can_be_shown("·") else ", ").join(parts))


def exit_code(run: Run, fail_on: str) -> int:
    """1 with a finding that fails, 2 if no training was seen that could have one, else 0."""
    if fails(run.findings, fail_on):
        return 1
    return 0 if run.script.steps else NOT_WATCHED


def fails(findings: tuple[Finding, ...], fail_on: str) -> bool:
    """Whether a finding, or a symptom of one, is at or above the severity that fails."""
    if fail_on == "never":
        return False
    worst = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return any(
        each.severity in worst for finding in findings for each in (finding, *finding.symptoms)
    )


def say(text: str) -> None:
    """One line to stderr."""
    show(f"unstuck: {visible(text)}")


def _can_be_shown(text: str) -> bool:
    """Whether the terminal's encoding has these characters."""
    try:
        text.encode(getattr(sys.__stderr__, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def show(text: str) -> None:
    """Lines to stderr, past what the script has made of ``sys.stderr``.

    Nothing stays in a buffer of Python if the reader has hung up: flushing it at the end would fail
    and change the exit code of the script.
    """
    python = sys.__stderr__
    with contextlib.suppress(OSError, ValueError):
        if python is not None:
            python.flush()
        encoding = getattr(python, "encoding", "utf-8")
        with open(2, "w", encoding=encoding, errors="backslashreplace", closefd=False) as stderr:
            stderr.write(f"{text}\n")


__all__ = ["Checking", "Wishes", "check", "exit_code", "fails", "run", "say", "show"]
