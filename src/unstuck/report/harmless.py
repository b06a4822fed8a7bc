"""Makes text that came from the person's run safe to print: names may hold anything."""

import dataclasses
import unicodedata
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST = 500
"""Characters kept of one string: twice the longest message of a check on a usual script."""

DAMAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What facts may raise when they are read: a recording is damaged, or made by another version."""

# Controls, invisible format characters (bidirectional overrides among them), surrogates, private
# use, unassigned, line and paragraph separators: they move the cursor, hide, or cannot be encoded.
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def harmless(value: T) -> T:
    """The value, a record or plain data, with every string in it made visible and bounded."""
    made: Any = _harmless(value)
    return made  # type: ignore[no-any-return]


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {_harmless(key): _harmless(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_harmless(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: _harmless(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return value


def visible(text: str) -> str:
    """The text with harmful characters as escapes (``\\x1b``), tabs as spaces, and not too long."""
    return "".join(_visible(character) for character in shorten(text, LONGEST))


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in _HARMFUL:
        return character.encode("unicode_escape").decode("ascii")
    return character


def shorten(text: str, limit: int) -> str:
    """The text, ended by three dots if it is longer than the limit."""
    return text if len(text) <= limit else text[: limit - 3] + "..."
