"""Show where a fit stands: one line that moves in a terminal, a line now and then in a log."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from unstuck.fit.ranks import is_main

if TYPE_CHECKING:
    from unstuck.fit.schedule import Schedule

A_SECOND = 4
"""How often the line is drawn anew: it takes some milliseconds in which nothing is trained."""

SHORTEST = 4
"""Columns of a bar; with fewer there is none."""

EVERY = 10.0
"""Seconds between two lines of a log."""


@contextmanager
def shown(schedule: "Schedule") -> Iterator[None]:
    """Inside, a thread shows where the schedule stands."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    if not is_main():
        yield
    elif console.is_interactive and sys.stderr.isatty():
        with Live(
            get_renderable=lambda: line(schedule, console.width),
            refresh_per_second=A_SECOND,
            console=console,
            transient=True,
            redirect_stdout=False,  # it may lead into a file
        ):
            yield
    else:
        with _logged(schedule):
            yield


def line(schedule: "Schedule", width: int) -> Any:
    """What is done, a bar, and how long it takes; a narrow terminal cuts the words, not the time."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    doing, rest = Text(schedule.doing), Text(schedule.rest())
    doing.truncate(width - len(rest) - 1, overflow="ellipsis")
    room = width - len(doing) - len(rest) - 2
    if room < SHORTEST:
        return Text.assemble(doing, " ", rest, no_wrap=True)
    grid = Table.grid()
    grid.add_row(doing, " ", ProgressBar(schedule.of or None, schedule.done, room), " ", rest)
    return grid


@contextmanager
def _logged(schedule: "Schedule") -> Iterator[None]:
    over = threading.Event()

    def log() -> None:
        while not over.wait(EVERY):
            print(schedule, file=sys.stderr, flush=True)

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
