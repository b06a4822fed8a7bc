"""Markdown in lines of at most so many columns."""

import re
import textwrap

_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_MARK = re.compile(r" *(?:[-*+] |\d+\. |#+ |\|)?")
_LIKE_A_MARK = re.compile(r"(?<=\S) (?=[-*+=#|] |>|\d+[.)] )")
_GLUE = "\0"


def wrapped(markdown: str, width: int) -> str:
    """Sentences and list items are wrapped anew; code, and headings, which are one line, are not."""
    # With one group to split at, every second part is code.
    parts = _FENCE.split(markdown)
    parts[::2] = [_wrapped(text, width) for text in parts[::2]]
    return "".join(parts)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(_filled(each, width) for each in _paragraphs(text))


def _paragraphs(text: str) -> list[str]:
    """Each sentence, list item, heading or blank line, with the lines that go on with it."""
    found: list[str] = []
    for line in text.split("\n"):
        if found and _goes_on(found[-1], line):
            found[-1] += f" {line.strip()}"
        else:
            found.append(line)
    return found


def _goes_on(before: str, line: str) -> bool:
    return bool(before.strip() and line.strip()) and not (
        before.startswith("#") or _mark(line).strip()
    )


def _filled(paragraph: str, width: int) -> str:
    """Later lines begin behind the mark of a list item."""
    if paragraph.startswith(("#", "|")) or not paragraph.strip():
        return paragraph
    # A minus at the beginning of a line would begin an item.
    filled = textwrap.fill(
        _LIKE_A_MARK.sub(_GLUE, paragraph),
        width,
        subsequent_indent=" " * len(_mark(paragraph)),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace(_GLUE, " ")


def _mark(line: str) -> str:
    return next(_MARK.finditer(line))[0]
