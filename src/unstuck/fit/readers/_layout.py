"""Where the records of a CSV file stand: every record has as many values as the header has names."""

import csv
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unstuck.errors import BadData
from unstuck.fit import limits

CHUNK = 2**24
"""Bytes looked at together; a header must fit in."""

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Layout:
    """Of a CSV file: separator, names of the columns, and the line in which each record begins."""

    separator: str
    names: tuple[str, ...]
    lines: NDArray[np.int64]
    blank: NDArray[np.int64]
    """Beginnings and ends (n, 2) of blank lines, which polars would take for records."""


def layout_of(path: Path, separators: str) -> Layout:
    """The layout, found without parsing: newlines and separators outside of quotation marks count.

    Raises:
        BadData: a line has too few or too many values; the header has no names, or a name twice.
    """
    content = np.memmap(path, np.uint8, "r")
    separator, names = _header(path, content, separators)
    ends, counts, raw = _records(content, ord(separator))
    begins = np.concatenate([[0], ends[:-1] + 1])
    lines = np.concatenate([[0], raw[:-1]]) + 1
    if len(ends) and ends[-1] > len(content):
        raise BadData(f"{path}, line {lines[-1]}: a quotation mark is not closed", 'close it: "')
    blank = _blank(content, begins, ends)
    wrong = np.flatnonzero((counts != len(names)) & ~blank)
    if len(wrong):
        first = wrong[0]
        raise BadData(
            f"{path}, line {lines[first]}: {counts[first]} values, but {len(names)} columns",
            f"separate by {separator!r}; put values that contain it in quotation marks",
        )
    places = np.stack([begins, ends], 1)[blank]
    return Layout(separator, names, lines[~blank][1:], places)


def without(path: Path, blank: NDArray[np.int64]) -> bytes:
    """The file without its blank lines."""
    content = path.read_bytes()
    kept, begin = [], 0
    for first, end in blank.tolist():
        kept.append(content[begin:first])
        begin = end + 1
    return b"".join([*kept, content[begin:]])


def bad_byte(path: Path) -> str:
    """``line 3: the byte 0xe9``: the first that is not UTF-8."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"line {number}: the byte {line[error.start]:#04x}"
    return "a byte"


def _header(path: Path, content: NDArray[Any], separators: str) -> tuple[str, tuple[str, ...]]:
    start = content[:CHUNK].tobytes()
    if b"\0" in start[:4096]:
        raise BadData(f"{path} is no text", "a table is text in UTF-8, one row a line")
    if b"\n" not in start and len(start) == CHUNK:
        raise BadData(f"{path}: line 1 is longer than {limits.said(CHUNK)}", "one row a line")
    if b"\r" in start and b"\n" not in start:
        raise BadData(f"{path}: its lines end as on an old Macintosh", "end them by a newline")
    text = start.removeprefix(_BOM)
    rest = text.lstrip(b"\r\n")
    line = 1 + text[: len(text) - len(rest)].count(b"\n")
    try:
        first = rest.partition(b"\n")[0].decode().rstrip("\r")
    except UnicodeDecodeError as error:
        raise not_utf8(path) from error
    counts = {each: len(_cells(first, each)) if each in first else 1 for each in separators}
    separator = max(counts, key=lambda each: counts[each])
    limits.refuse_wide(str(path), counts[separator])
    names = tuple(name.strip() for name in _cells(first, separator))
    return separator, _checked(names, f"{path}, line {line}")


def not_utf8(path: Path) -> BadData:
    """With the first byte that is wrong."""
    return BadData(f"{path}, {bad_byte(path)} is not UTF-8", "save it as UTF-8")


def _cells(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return text.split(separator)


def _checked(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    if not names:
        raise BadData(f"{where}: no names of columns", "a table begins with a line of names")
    if _are_values(names):
        raise BadData(f"{where}: no names of columns, but numbers", "add a line of names")
    if len(names) == 1:
        raise BadData(f"{where}: only one column, {names[0]!r}", "separate columns by a comma")
    names = tuple(name or f"column {place}" for place, name in enumerate(names, 1))
    refuse_twice(names, where)
    return names


def refuse_twice(names: tuple[str, ...], where: str) -> None:
    """A name is of one column.

    Raises:
        BadData: two columns have the same.
    """
    if len(set(names)) < len(names):
        [(twice, _)] = Counter(names).most_common(1)
        raise BadData(f"{where}: two columns are named {twice!r}", "rename one of them")


def _are_values(names: tuple[str, ...]) -> bool:
    """Whether most are numbers, and not counted up, as pandas names columns and as years are."""
    numbers = [float(name) for name in names if _is_number(name)]
    counted = all(after == before + 1 for before, after in pairwise(numbers))
    return 2 * len(numbers) > len(names) and not counted


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _records(content: NDArray[Any], separator: int) -> tuple[NDArray[np.int64], ...]:
    """Of each record: where it ends, its number of values, and the newlines up to there.

    The end of a record whose quotation mark is not closed lies beyond the content.
    """
    ends, before, raw = [], [], []
    odd, seen, lines = 0, 0, 0
    for begin in range(0, len(content), CHUNK):
        part = content[begin : begin + CHUNK]
        # Modulo 256 is good enough: only odd and even matter.
        inside = (np.cumsum(part == _QUOTE, dtype=np.uint8) + np.uint8(odd)) & 1 == 1
        newlines = np.flatnonzero(part == _NEWLINE)
        separators = np.flatnonzero((part == separator) & ~inside)
        stops = newlines[~inside[newlines]]
        ends.append(stops + begin)
        before.append(np.searchsorted(separators, stops) + seen)
        raw.append(np.searchsorted(newlines, stops, side="right") + lines)
        odd, seen, lines = int(inside[-1]), seen + len(separators), lines + len(newlines)
    if content[-1] != _NEWLINE or odd:
        ends.append(np.array([len(content) + odd]))
        before.append(np.array([seen]))
        raw.append(np.array([lines + 1]))
    total = np.concatenate(before)
    counts = np.diff(total, prepend=0) + 1
    return np.concatenate(ends), counts, np.concatenate(raw)


def _blank(content: NDArray[Any], begins: Any, ends: Any) -> NDArray[np.bool_]:
    """Whether a record is empty, or holds but the other half of a newline."""
    length = ends - begins
    only_return = content[begins.clip(0, len(content) - 1)] == _RETURN
    found: NDArray[np.bool_] = (length == 0) | ((length == 1) & only_return)
    return found
