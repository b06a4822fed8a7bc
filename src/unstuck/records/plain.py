"""JSON that keeps NaN and infinity without breaking other readers of JSON."""

import json
import math
from typing import Any

_NAMES = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_plain(value: Any) -> Any:
    """The value with tuples as lists and non-finite numbers as ``{"$float": "nan"}``.

    A key that begins with ``$`` gets another one, so that it is not taken for such a number.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, dict):
        return {_escaped(str(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def _escaped(key: str) -> str:
    return f"${key}" if key.startswith("$") else key


def from_plain(value: Any) -> Any:
    """The inverse of :func:`to_plain`, except that tuples come back as lists."""
    if isinstance(value, dict):
        if set(value) == {"$float"}:
            return _NAMES[value["$float"]]
        return {_unescaped(key): from_plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_plain(item) for item in value]
    return value


def _unescaped(key: str) -> str:
    return key[1:] if key.startswith("$$") else key


def dumps(value: Any, *, indent: int | None = None) -> str:
    """The value as standard JSON text: no NaN, no infinity, any string kept."""
    return json.dumps(to_plain(value), indent=indent, allow_nan=False, ensure_ascii=True)


def loads(text: str | bytes) -> Any:
    """What :func:`dumps` wrote.

    Raises:
        ValueError: the text is not such JSON.
    """
    try:
        return from_plain(json.loads(text))
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a recording: {error}") from error
