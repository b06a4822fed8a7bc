"""``unstuck report`` and ``unstuck diff``: read recorded runs again."""

import os
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

from unstuck import files, recording
from unstuck.checks import NotChecked, diagnosed
from unstuck.config import Settings
from unstuck.errors import ReportNotWritten, UsageError
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
        html = _shown_page()
    if html is not None:
        _write(html, page(run, all_remedies()))
    if json is None and html is None:
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(terminal(run, all_remedies(), color=color))
    if show and html is not None:
        _open(html.absolute(), webbrowser.open)
    return run


def _write(path: Path, text: str) -> None:
    if path == files.STDOUT:
        print(text, end="")
    else:
        files.write_report(path, text)
        print(f"unstuck: {path}", file=sys.stderr)


def _shown_page() -> Path:
    """Where the page goes that is only to be looked at."""
    folder = Path.cwd() / recording.FOLDER
    try:
        recording.make_folder(folder)
    except OSError as error:
        raise ReportNotWritten(f"cannot write {folder}: {error.strerror}", "try --html") from error
    return folder / "report.html"


def _open(path: Path, browser: Callable[[str], bool]) -> None:
    if not browser(path.as_uri()):
        print(f"unstuck: no browser here; open {path}", file=sys.stderr)


def diff(old: str | None, new: str | None, settings: Settings) -> None:
    """Print what changed between two recorded runs, the last two if none is named.

    Raises:
        UsageError: only one is named.
    """
    from unstuck.report import difference

    if old is None:
        old, new = recording.last_two(Path.cwd())
    if new is None:
        raise UsageError("RUN2, the run to compare with, is missing", "unstuck diff RUN1 RUN2")
    sys.stdout.write(difference(load(old, settings), load(new, settings)))
