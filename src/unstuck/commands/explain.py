"""``unstuck explain``: the page of a check, of a remedy, or the answer to a question."""

import re
import sys

from unstuck.checks import all_checks
from unstuck.commands import pages, search
from unstuck.commands.wrapping import wrapped
from unstuck.errors import UsageError
from unstuck.questions import Question, all_questions, joined, named
from unstuck.remedies import all_remedies
from unstuck.report.paragraphs import columns_of

MOST = 8
"""Pages listed where several fit."""


def explain(words: str | None, *, html: bool = False) -> None:
    """Print one page, or the list of all; with ``html`` open it in the browser, with its picture.

    Raises:
        UsageError: nothing has that name, and the words fit no page.
        ReportNotWritten: the page cannot be written.
    """
    if words is None:
        if html:
            raise UsageError("--html opens one page", "unstuck explain q03 --html")
        _show(pages.index())
        return
    name = found(words)
    if html:
        from unstuck.commands.explanation import open_page

        open_page(name)
    else:
        _show(pages.page(name) + _ways_on(name) + _others(words, name))


def _others(words: str, name: str) -> str:
    """What else fits the words, unless they were a name."""
    if _named(words) is not None:
        return ""
    others = [each for each in search.near(words) if each != name][:MOST]
    return f"\n\nThe words fit these pages too: {', '.join(others)}." if others else ""


def _ways_on(name: str) -> str:
    if name not in all_questions():
        return ""
    return (
        f"\n\n`unstuck explain {name} --prove` runs the experiment here, `--on train.py` asks it of your "
        "script, `--html` opens the page with its picture."
    )


def question(words: str) -> Question:
    """The question that the words name.

    Raises:
        UsageError: they name none.
    """
    name = found(words)
    check = all_checks().get(name)
    name = check.question or name if check else name
    if name not in all_questions():
        raise UsageError(
            f"{name} is no question: only questions have an experiment", "try q03, for example"
        )
    return all_questions()[name]


def questions(words: str | None) -> list[Question]:
    """The question that the words name; without words all.

    Raises:
        UsageError: they name none.
    """
    return list(all_questions().values()) if words is None else [question(words)]


def found(words: str) -> str:
    """The name of the page that the words name, or that fits them best.

    Raises:
        UsageError: there is none.
    """
    return _named(words) or _nearest(words)


def _named(words: str) -> str | None:
    """The page whose name the words are.

    Raises:
        UsageError: they are numbers of questions, but not that of one.
    """
    name = joined(words)
    if name in all_checks() or name in all_remedies():
        return name
    asked = named(name)
    numbers = name.split("-")
    if asked is None and all(re.fullmatch(r"q?\d+", each) for each in numbers):
        if len(numbers) > 1:
            raise UsageError("give one name", f"unstuck explain {numbers[0]}")
        first, *_, last = all_questions()
        raise UsageError(f"there is no question {name}", f"the questions are {first} to {last}")
    return asked.name if asked else None


def _nearest(words: str) -> str:
    near = search.near(words)
    if near:
        return near[0]
    alike = search.alike(words)
    meant = f"did you mean {' or '.join(alike)}? " if alike else ""
    raise UsageError(
        f"nothing to explain is named {words!r}", f"{meant}unstuck explain lists all names"
    )


def _show(text: str) -> None:
    if not sys.stdout.isatty():
        print(wrapped(text, columns_of(None)))
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=columns_of(None)).print(Markdown(text))
