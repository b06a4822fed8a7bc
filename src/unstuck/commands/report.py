"""``unstuck report`` and ``unstuck diff``: read recorded runs again."""

import os
import shutil
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

from unstuck import files, recording
from unstuck.checks import NotChecked, diagnosed
from unstuck.config import Settings
from unstuck.errors import ReportNotWritten, RunNotFound
from unstuck.observe import guard
from unstuck.records import Run
from unstuck.remedies import all_remedies


def load(name: str | None, settings: Settings) -> Run:
    """A recorded run, its checks asked again, so that a killed run has findings as well."""
    run = recording.load(Path.cwd(), name)
    # A recording may be damaged where no reader sees it: a check that fails loses only itself.
    fence = guard.Guard()
    return diagnosed(
        run,
        select=settings.select,
        ignore=settings.ignore,
        options=settings.options,
        survive=lambda name, ask: guard.pass_through(fence, name, ask, NotChecked),
    )


def report(
    name: str | None, settings: Settings, *, json: Path | None, html: Path | None, show: bool
) -> Run:
    """Print the report of a run; write it as JSON or HTML; open it in the browser.

    Raises:
        RunNotFound: there is no such run.
        ReportNotWritten: one of the files cannot be written.
    """
    from unstuck.report import as_json, page, terminal

    for path in (json, html):
        if path is not None and path != files.STDOUT:
            files.refuse_unwritable(path)
    run = load(name, settings)
    if json is not None:
        _write(json, as_json(run))
    if show and html is None:
        html = beside_recordings("report.html", hint="try --html")
    if html is not None:
        _write(html, page(run, all_remedies()))
    if json is None and html is None:
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(_dim(_title(run), color))
        print(terminal(run, all_remedies(), color=color))
    if show and html is not None:
        open_in_browser(html.absolute(), webbrowser.open)
    return run


def _title(run: Run) -> str:
    """Which run this is: its name, its script, when it began."""
    from unstuck.report.harmless import visible
    from unstuck.report.wording import moment

    return ", ".join(map(visible, (run.name, run.script.command, moment(run.created))))


def _dim(text: str, color: bool) -> str:
    return f"\x1b[2m{text}\x1b[0m" if color else text


def list_runs(settings: Settings) -> None:
    """Print one line for each recorded run, the newest last.

    Raises:
        RunNotFound: there is none.
    """
    rows = [_columns(name, settings) for name in recording.names(Path.cwd())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    screen = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in rows:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        print(line.rstrip()[:screen])


def _columns(name: str, settings: Settings) -> tuple[str, ...]:
    """Name, date, script, how it ended, and the verdict of one run."""
    from unstuck.report.harmless import shorten, visible
    from unstuck.report.wording import moment, verdict

    try:
        run = load(name, settings)
    except RunNotFound as error:
        return visible(name), "", "", "", visible(error.message)
    stopped = f" ({run.script.stopped_by})" if run.script.stopped_by else ""
    said = (name, moment(run.created), shorten(run.script.command, 30))
    return *map(visible, said), visible(run.script.ended) + stopped, visible(verdict(run))


def _write(path: Path, text: str) -> None:
    if path == files.STDOUT:
        print(text, end="")
    else:
        files.write_report(path, text)
        print(f"unstuck: {path}", file=sys.stderr)


def beside_recordings(name: str, *, hint: str) -> Path:
    """Where a page goes that is only to be looked at.

    Raises:
        ReportNotWritten: there is no place for it; the hint says what to do.
    """
    folder = Path.cwd() / recording.FOLDER
    try:
        recording.make_folder(folder)
    except OSError as error:
        raise ReportNotWritten(f"cannot write {folder}: {error.strerror}", hint) from error
    return folder / name


def open_in_browser(path: Path, browser: Callable[[str], bool]) -> None:
    """Show a page, or say where it is."""
    if not browser(path.absolute().as_uri()):
        print(f"unstuck: no browser here; open {path}", file=sys.stderr)


def diff(old: str | None, new: str | None, settings: Settings) -> None:
    """Print what changed between two recorded runs.

    Without ``new``: between the last two runs of the script ``old``, without both of the script that
    ran last.

    Raises:
        RunNotFound: there are no two such runs.
    """
    from unstuck.report import difference
    from unstuck.report.harmless import visible

    if old is None or new is None:
        old, new = recording.last_two(Path.cwd(), old)
    runs = load(old, settings), load(new, settings)
    scripts = [run.script.path or recording.script_of(run.name) for run in runs]
    if scripts[0] != scripts[1]:
        print(f"These are runs of different scripts: {' and '.join(map(visible, scripts))}\n")
    sys.stdout.write(difference(*runs))
