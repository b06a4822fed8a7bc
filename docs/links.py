"""Names of checks, remedies and questions in a page become links to their pages."""

import re

from contents import CHECKS, REMEDIES
from unstuck.questions import all_questions

PATHS = {name: path for path, name in (CHECKS | REMEDIES).items()}

_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"`([a-z0-9-]+)`(?!\])|\*\*([a-z0-9-]+)\*\*|(?<=\| )([a-z0-9-]+)(?= \|)")
_QUESTION = re.compile(r"`unstuck explain q(\d\d)`|question (\d+)")


def linked(text: str, page: str) -> str:
    """The text of a page with its links: names in code, in bold, or alone in a cell of a table."""
    parts = _FENCE.split(text)
    parts[::2] = [_linked(part, page) for part in parts[::2]]
    return "".join(parts)


def _linked(text: str, page: str) -> str:
    def link(match: re.Match[str], path: str | None) -> str:
        there = path is not None and path != page
        return f"[{match[0]}]({relative(path, page)})" if there else match[0]

    def question(match: re.Match[str]) -> str:
        name = f"q{int(match[1] or match[2]):02d}"
        return link(match, f"questions/{name}" if name in all_questions() else None)

    def word(match: re.Match[str]) -> str:
        return link(match, PATHS.get(match[1] or match[2] or match[3]))

    return _NAME.sub(word, _QUESTION.sub(question, text))


def relative(path: str, page: str) -> str:
    """Where another page is, from this one; both without ending."""
    return "../" * page.count("/") + f"{path}.md"
