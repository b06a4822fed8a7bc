"""``unstuck explain``: the page of a check, of a remedy, or the answer to a question."""

import re
import sys

from unstuck.checks import all_checks
from unstuck.commands import pages
from unstuck.errors import UsageError
from unstuck.questions import Question, all_questions, joined, named
from unstuck.remedies import all_remedies

HEAD, TEXT = 4, 1
"""What a word counts for that stands in the name or the first sentence, or in the rest of a page."""

MOST = 8
"""Pages listed where several fit."""


def explain(words: str | None, *, html: bool = False) -> None:
    """Print one page, or the list of all; with ``html`` open it in the browser, with its picture.

    Raises:
        UsageError: nothing has that name, and the words stand on no page.
        ReportNotWritten: the page cannot be written.
    """
    if words is None:
        _show(pages.index())
        return
    name = found(words)
    if html:
        from unstuck.commands.explanation import open_page

        open_page(name)
    else:
        _show(pages.page(name) + _ways_on(name) + _others(words, name))


def _others(words: str, name: str) -> str:
    """What else has the words, unless they were a name."""
    if _named(words) is not None:
        return ""
    others = [each for each in _near(words) if each != name][:MOST]
    return f"\n\nThe words stand on these pages too: {', '.join(others)}." if others else ""


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
    """The name of the page that the words name, or on which they stand best.

    Raises:
        UsageError: there is none.
    """
    return _named(words) or _best(words)


def _named(words: str) -> str | None:
    name = joined(words)
    if name in all_checks() or name in all_remedies():
        return name
    asked = named(name)
    return asked.name if asked else None


def _best(words: str) -> str:
    near = _near(words)
    if not near:
        raise UsageError(
            f"nothing to explain is named {words!r}", "unstuck explain lists all names"
        )
    return near[0]


def _near(words: str) -> list[str]:
    """The pages with all the words, the best first; of equally good ones questions, then short heads."""
    wanted = re.findall(r"[a-z0-9]+", words.lower())
    found = [
        (-score, name not in all_questions(), len(head), name)
        for name, (head, text) in _texts().items()
        if (score := _score(wanted, head, text))
    ]
    return [name for *_, name in sorted(found)]


def _score(wanted: list[str], head: str, text: str) -> int:
    """0 unless every word stands on the page, at the beginning of a word of it."""
    score = 0
    for word in wanted:
        begins = re.compile(rf"\b{re.escape(word)}")
        places = ((HEAD, head), (TEXT, text))
        worth = next((each for each, place in places if begins.search(place)), 0)
        if not worth:
            return 0
        score += worth
    return score


def _texts() -> dict[str, tuple[str, str]]:
    """Name with first sentence, and the rest, of every page, in small letters."""
    texts = {
        name: (f"{name} {pages.first_line(name)}", each.page) for name, each in all_checks().items()
    }
    texts |= {name: (f"{name} {each.advice}", each.code) for name, each in all_remedies().items()}
    texts |= {
        name: (f"{each.slug} {each.title}", each.text) for name, each in all_questions().items()
    }
    return {name: (head.lower(), text.lower()) for name, (head, text) in texts.items()}


def _show(text: str) -> None:
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(100, Console().width)).print(Markdown(text))
