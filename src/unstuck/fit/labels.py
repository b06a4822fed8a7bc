"""A table of labels beside a folder of images: which file has which label, with the line of each."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unstuck.errors import BadData

FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "image_id", "name", "id")
"""What the column of files is called; where none is, it is the first."""

SEPARATORS = ",;\t"
BETWEEN_LABELS = ";|"
"""Between the labels of one image: ``cat|dog``."""

_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)?(\.\d*)?([eE][+-]?\d+)?")
"""Not 007, which is a name."""


@dataclass(frozen=True)
class Labels:
    """Names of files, the lines they stand in, and their targets; ``column`` is that of the files."""

    files: tuple[str, ...]
    lines: tuple[int, ...]
    targets: NDArray[Any]
    names: tuple[str, ...]
    column: str
    separator: str


def read(path: Path, target: Sequence[str] = ()) -> Labels:
    """The table; ``target`` names the columns of the targets where there are several.

    Raises:
        BadData: it cannot be read, with the line.
    """
    header, rows, lines = _table(path)
    place = _file_column(header)
    columns = _target_columns(path, header, rows, place, target)
    files = tuple(row[place].replace("\\", "/").removeprefix("./") for row in rows)
    _refuse_twice(path, files, lines)
    cells = [[row[column] for row in rows] for column in columns]
    names = tuple(header[column] for column in columns)
    targets = _targets(path, cells, names, lines)
    return Labels(files, lines, targets, names, header[place], _separator(path))


def _table(path: Path) -> tuple[list[str], list[list[str]], tuple[int, ...]]:
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=_separator(path))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        found = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(row)]
    except csv.Error as error:
        raise BadData(f"{path}, line {reader.line_num}: {error}", "write it as CSV") from error
    if not found:
        raise BadData(f"{path}: there are no rows", "a header and a row for each image")
    if len(header) < 2:
        raise BadData(f"{path}: one column", "two or more, with a header: file, label")
    for line, row in found:
        if len(row) != len(header):
            raise BadData(
                f"{path}, line {line}: {len(row)} cells, but the header has {len(header)}",
                'put cells that hold a separator into quotes: "a,b"',
            )
    return header, [row for _, row in found], tuple(line for line, _ in found)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadData(f"{path}, line {line}: no text in UTF-8", "save it as UTF-8") from error
    except OSError as error:
        raise BadData(f"cannot read {path}: {error.strerror}", "--labels FILE") from error


def _separator(path: Path) -> str:
    header = _text(path).partition("\n")[0]
    return max(SEPARATORS, key=header.count)


def _file_column(header: Sequence[str]) -> int:
    lower = [name.lower() for name in header]
    return next((lower.index(name) for name in FILE_COLUMNS if name in lower), 0)


def _target_columns(
    path: Path, header: list[str], rows: list[list[str]], place: int, target: Sequence[str]
) -> list[int]:
    missing = [name for name in target if name not in header]
    if missing:
        raise BadData(f"{path}: there is no column {missing[0]}", f"it has {', '.join(header)}")
    if target:
        return [header.index(name) for name in target]
    others = [column for column in range(len(header)) if column != place]
    indicators = all(row[column] in ("0", "1") for row in rows for column in others)
    if len(others) > 1 and not indicators:
        columns = ", ".join(header[column] for column in others)
        raise BadData(f"{path}: which column is the target? {columns}", "--target COLUMN")
    return others


def _refuse_twice(path: Path, files: Sequence[str], lines: Sequence[int]) -> None:
    first: dict[str, int] = {}
    for file, line in zip(files, lines, strict=True):
        if file in first:
            raise BadData(
                f"{path}, line {line}: {file} is named twice, first in line {first[file]}",
                "give each image one row; several labels as cat|dog",
            )
        first[file] = line


def _targets(
    path: Path, cells: list[list[str]], names: Sequence[str], lines: Sequence[int]
) -> NDArray[Any]:
    if len(cells) == 1 and any(mark in cell for cell in cells[0] for mark in BETWEEN_LABELS):
        return _collections(cells[0])
    for name, column in zip(names, cells, strict=True):
        if "" in column:
            line = lines[column.index("")]
            raise BadData(f"{path}, line {line}: {name} is empty", "leave such a row out")
    columns = [np.array(_numbers(column) or column) for column in cells]
    return columns[0] if len(columns) == 1 else np.stack(columns, 1)


def _collections(column: Sequence[str]) -> NDArray[Any]:
    found = np.empty(len(column), object)
    for row, cell in enumerate(column):
        parts = re.split(f"[{re.escape(BETWEEN_LABELS)}]", cell)
        found[row] = tuple(part.strip() for part in parts if part.strip())
    return found


def _numbers(column: Sequence[str]) -> list[float]:
    """The cells as numbers, if all are; else nothing."""
    if all(_NUMBER.fullmatch(cell) and any(map(str.isdigit, cell)) for cell in column):
        return [float(cell) for cell in column]
    return []
