"""JSON as the types that were written to it; whatever else it holds is refused: what was loaded works."""

import json
import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

MOST = 2**26
"""Bytes of a file: in memory they become many times as many."""

_PLAIN = {bool, float, int, str}
_hints = cache(get_type_hints)


def read(path: Path) -> dict[str, Any]:
    """The object that a file of JSON holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    size = path.stat().st_size
    if size > MOST:
        raise ValueError(f"{path.name} has {size} bytes")
    return parsed(path.read_text(encoding="utf-8"))


def parsed(text: str) -> dict[str, Any]:
    """The object that a text is.

    Raises:
        ValueError: it is none.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("too many brackets in brackets") from error
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def again(kind: Any, value: Any) -> Any:
    """The value as this type: dataclasses from objects, tuples from lists, numbers that are finite.

    Raises:
        KeyError: a field is unknown.
        TypeError, ValueError: it is of another type.
    """
    if kind in _PLAIN:
        return _one(kind, value)
    origin, parts = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        hints, fields = _hints(kind), again(dict[str, Any], value)
        return kind(**{name: again(hints[name], each) for name, each in fields.items()})
    if origin in (tuple, list):
        return _several(origin, parts, value)
    if origin in (dict, Mapping):
        return {name: again(parts[1], each) for name, each in _of(dict, value).items()}
    if origin in (Union, UnionType):
        return again(next((each for each in parts if type(value) is each), parts[0]), value)
    if origin is Literal:
        return parts[parts.index(value)]
    return value if kind is Any else _of(kind, value)


def _several(kind: Any, parts: tuple[Any, ...], value: Any) -> Any:
    values = _of(list, value)
    if kind is list or parts[-1] is Ellipsis:
        return kind(again(parts[0], each) for each in values)
    return tuple(again(part, each) for part, each in zip(parts, values, strict=True))


def _one(kind: Any, value: Any) -> Any:
    if kind is not float:
        return _of(kind, value)
    try:
        found = float(value if type(value) is int else _of(float, value))
    except OverflowError as error:
        raise ValueError("a number is too large") from error
    if not math.isfinite(found):
        raise ValueError(f"{found} where a number should be")
    return found


def _of(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} where {kind.__name__} should be")
    return value
