"""``unstuck check`` and ``unstuck run``: run a script, watch it, report."""

import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unstuck import files
from unstuck.checks import NotChecked, diagnosed
from unstuck.config import Settings
from unstuck.errors import ReportNotWritten, UsageError
from unstuck.observe import ending, guard, launch
from unstuck.observe.arming import after_torch
from unstuck.observe.watching import CLOSE_STEPS, RUN_BUDGET, Watcher
from unstuck.recording import Recorder, new_name
from unstuck.records import Finding, Run
from unstuck.records.finding import SEVERITIES
from unstuck.report.harmless import visible

if TYPE_CHECKING:
    from unstuck.observe.session import Session

BUG = 3
SCRIPT_FAILED = 4
# Without those that a script may well have itself (--steps, --seconds, --quiet).
_OURS = ("--json", "--html", "--fail-on", "--select", "--ignore")


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for beyond the settings."""

    settings: Settings
    json: Path | None = None
    html: Path | None = None
    quiet: bool = False


def check(target: launch.Target, wishes: Wishes) -> Callable[[], None]:
    """What watches the first steps, reports, and ends the script and the process."""
    return _Check(target, wishes).prepared()


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
        )

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
        self.recorder.open()
        self.warn_of_misplaced_options()
        # First registered, last called: after the script's own atexit functions and its threads.
        atexit.register(self.at_exit)
        self.starting()
        after_torch(self.watcher.attach)
        try:
            start()
        except BaseException as error:
            self.interrupted = isinstance(error, KeyboardInterrupt)
            self.code = launch.exit_code(error)
            self.ended = "failed" if self.code else "finished"
            if self.interrupted:
                self.ended = "interrupted"
            launch.show_only_their_frames()
            raise
        self.code, self.ended = 0, "finished"

    def warn_of_misplaced_options(self) -> None:
        """Options of ours behind the script's name went to the script, as is documented."""
        misplaced = [word for word in self.target.arguments if word.partition("=")[0] in _OURS]
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
        self.recorder.save(lambda: self.watcher.run("running", None))

    def finish(self) -> None:
        """Diagnose, record, report."""
        self.done = True
        if self.watcher.session is not None:
            self.guard.run("steps", self.watcher.session.close)
        sys.path[:] = self.search_path  # so that no module of the script shadows one of the report
        run = self.diagnosed()
        self.recorder.save(lambda: run, durable=True)
        self.report(run)
        if self.interrupted:
            launch.remain_interrupted()
        else:
            self.leave(run)

    def diagnosed(self) -> Run:
        """The run as far as it went, with findings."""
        settings = self.wishes.settings
        return diagnosed(
            self.watcher.run(self.ended, self.code),
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
            _show(terminal(run, all_remedies(), color=color))
            if self.recorder.failure:
                say(self.recorder.failure)
            else:
                check = run.findings[0].check if run.findings else "q01"
                say(f"recorded as {run.name}; unstuck report --open, unstuck explain {check}")
        for path, text in (
            (self.wishes.json, lambda: as_json(run)),
            (self.wishes.html, lambda: page(run, all_remedies())),
        ):
            if path is not None:
                self._write(path, text)

    def _write(self, path: Path, text: Callable[[], str]) -> None:
        try:
            files.write_report(self.folder / path, text())
        except ReportNotWritten as error:
            say(f"{error.message} ({error.hint})")


class _Check(_Watch):
    """Stops the script when enough was seen."""

    def starting(self) -> None:
        settings = self.wishes.settings
        self.progress = _Progress(self.target.label, settings, self.wishes.quiet)
        self.ending = threading.Lock()
        self.progress.show(0)
        # A little later than the step that would notice: it is for scripts that make no step.
        clock = threading.Timer(min(settings.seconds + 2, threading.TIMEOUT_MAX), self.stop)
        clock.daemon = True
        clock.start()

    def stepped(self, session: "Session") -> None:
        settings = self.wishes.settings
        self.progress.show(session.step)
        if session.step >= settings.steps or self.watcher.seconds >= settings.seconds:
            self.stop()
        if self.recorder.due:
            session.guard.run("recording", self.save)

    def stop(self) -> None:
        """Report and end the process, from the step that is the last or from the clock's thread."""
        self._be_the_one_who_ends()
        self.ended, self.code = "stopped", None
        try:
            guard.or_show_bug(self.finish)
        finally:  # nothing, Ctrl-C included, goes back into the script
            ending.end_process(BUG)

    def at_exit(self) -> None:
        if os.getpid() != self.owner:
            return
        self._be_the_one_who_ends()
        if not guard.or_show_bug(self.finish):
            ending.end_process(BUG)

    def _be_the_one_who_ends(self) -> None:
        """Return to the first who comes; whoever comes later waits for the end of the process."""
        if not self.ending.acquire(blocking=False):
            threading.Event().wait()

    def leave(self, run: Run) -> None:
        if self.ended == "failed":
            code = SCRIPT_FAILED
        else:
            code = int(fails(run.findings, self.wishes.settings.fail_on))
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

    def look(self) -> None:
        """Say what was found at this look and at the one before."""
        run = self.diagnosed()
        self.recorder.save(lambda: run)
        now = {finding.check: finding for finding in run.findings if finding.severity != "note"}
        for name, finding in now.items():
            if name in self.suspected and name not in self.said and not self.wishes.quiet:
                self.said.add(name)
                where = f"{finding.location}, {name}" if finding.location else name
                say(f"step {run.script.steps}: {finding.message} ({where})")
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

    def show(self, step: int) -> None:
        """At most every five seconds: whole lines, which do not fight with the script's output."""
        now = time.monotonic() - self._begun
        if step and self._first is None:
            self._first = (step, now)
        if self._quiet or now - self._shown < 5:
            return
        self._shown = now
        steps, seconds = self._settings.steps, self._settings.seconds
        left = max(0.0, seconds - now)
        known = f"at most {left:.0f} s left"
        if self._first is not None and step > self._first[0]:
            pace = (now - self._first[1]) / (step - self._first[0])
            known = f"about {min(left, pace * (steps - step)):.0f} s left"
        parts = (f"watching {self._label}", f"step {step}/{steps}", known)
        say((" · " if _can_be_shown("·") else ", ").join(parts))


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
    _show(f"unstuck: {visible(text)}")


def _can_be_shown(text: str) -> bool:
    """Whether the terminal's encoding has these characters."""
    try:
        text.encode(getattr(sys.__stderr__, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _show(text: str) -> None:
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


__all__ = ["Wishes", "check", "fails", "run", "say"]
