"""Paragraphs for a terminal: indented, wrapped to the width, coloured if it can."""

import io
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NARROWEST = 40
WIDEST = 100
"""Columns used unless told otherwise: longer lines are hard to read."""


@dataclass(frozen=True)
class Paragraph:
    """Text that hangs behind its label; at most ``lines`` lines of it are shown.

    ``whole`` text is one line whatever the width: code that is broken is no code.
    """

    text: str = ""
    style: str = ""
    label: str = ""
    indent: int = 0
    lines: int = 12
    whole: bool = False


BLANK = Paragraph()


def columns_of(width: int | None) -> int:
    """The columns to fill: those asked for, or those of the terminal."""
    return max(width or min(shutil.get_terminal_size().columns, WIDEST), NARROWEST)


def code(text: str, width: int) -> Iterator[Paragraph]:
    """Code in lines that are never broken: a comment behind a long line moves above it."""
    lines = [shorter for line in text.splitlines() for shorter in _shorter(line, width - 2)]
    longest = max(map(len, lines), default=0)
    indent = max(0, min(2, width - longest))
    for line in lines:
        yield Paragraph(line, indent=indent, whole=True)


def _shorter(line: str, width: int) -> Iterator[str]:
    statement, mark, comment = line.rpartition("  # ")
    start = line[: len(line) - len(line.lstrip())]
    quoted = statement.count('"') % 2 or statement.count("'") % 2
    if len(line) <= width or not mark or quoted or not statement.strip():
        yield line
        return
    for part in textwrap.wrap(comment, max(width - len(start) - 2, 20)):
        yield f"{start}# {part}"
    yield statement.rstrip()


def draw(paragraphs: Iterable[Paragraph], *, width: int | None, color: bool) -> str:
    """The paragraphs as text, with ANSI colours only if ``color``."""
    from rich.console import Console

    columns = columns_of(width)
    # Everything rich would guess from the environment is said here: a report is the same in a
    # notebook, a pipe and a terminal.
    console = Console(
        file=io.StringIO(),
        width=columns,
        force_terminal=color,
        force_jupyter=False,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as capture:
        for paragraph in paragraphs:
            for line in _lines(paragraph, console):
                console.print(line, soft_wrap=True)
    return capture.get()


def _lines(paragraph: Paragraph, console: "Console") -> Iterator["Text"]:
    from rich.cells import cell_len
    from rich.text import Text

    label = _fitting(paragraph.label, console.width // 2)
    hanging = paragraph.indent + cell_len(label)
    for index, line in enumerate(_wrapped(paragraph, console, console.width - hanging)):
        start = Text(" " * (hanging if index else paragraph.indent))
        start.append("" if index else label, style="bold")
        start.append_text(line)
        start.rstrip()
        yield start


def _fitting(label: str, width: int) -> str:
    """The label; of one too long the end, where a path has its file and line."""
    from rich.cells import cell_len

    if cell_len(label) <= width:
        return label
    while cell_len(label) > width - 3:
        label = label[1:]
    return f"...{label}"


def _wrapped(paragraph: Paragraph, console: "Console", width: int) -> list["Text"]:
    from rich.text import Text

    text = Text(paragraph.text, style=paragraph.style)
    if paragraph.whole:
        return [text]
    lines = list(text.wrap(console, max(width, 1), overflow="fold"))
    if len(lines) <= paragraph.lines:
        return lines
    last = lines[paragraph.lines - 1]
    last.rstrip()
    last.truncate(max(width - 3, 1))
    last.append("...")
    return lines[: paragraph.lines]
