"""Tables in files: CSV and TSV, Parquet, Arrow and Feather, by polars."""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from unstuck.errors import BadData
from unstuck.fit import limits
from unstuck.fit.examples import Examples, Place
from unstuck.fit.readers import Wish, frames
from unstuck.fit.readers._layout import layout_of, not_utf8, refuse_twice, without
from unstuck.fit.readers._text import typed

TEXT = {".csv": ",;\t|", ".tsv": "\t", ".tab": "\t", ".txt": "\t,;|"}
"""Endings of text, and how its columns may be separated."""

BINARY = {
    ".parquet": "PAR1",
    ".pq": "PAR1",
    ".arrow": "ARROW1",
    ".feather": "ARROW1",
    ".ipc": "ARROW1",
}
"""Endings of the others, and how such a file begins."""

_BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)


def takes(data: Any) -> bool:
    """Whether it is the path of a table."""
    return isinstance(data, Path) and data.suffix.lower() in {**TEXT, **BINARY}


def read(data: Path, wish: Wish, y: Any = None) -> Examples:
    """The columns, one or several of them being the targets."""
    ending = data.suffix.lower()
    sets = wish.target if wish.kind == "multi-label" else ()
    frame, place = _text(data, sets) if ending in TEXT else _binary(data, BINARY[ending])
    return frames.examples_of(frame, str(data), place, wish, y)


def _text(path: Path, sets: Sequence[str] = ()) -> tuple[pl.DataFrame, Place]:
    """The columns by their kinds; those of ``sets`` of labels stay text where they are no numbers."""
    frame, place = texts(path)
    columns = [typed(column, place, strict=column.name not in sets) for column in frame]
    return pl.DataFrame(columns), place


def texts(path: Path) -> tuple[pl.DataFrame, Place]:
    """The columns as they are written, and where a row stands.

    Raises:
        BadData: the file is no table.
    """
    limits.beginning(path)
    # As text each value takes some 16 bytes besides its own.
    limits.refuse_larger_than_memory(str(path), 4 * path.stat().st_size)
    layout = layout_of(path, TEXT[path.suffix.lower()])

    def place(row: int) -> str:
        return f"{path}, line {layout.lines[row]}"

    source = io.BytesIO(without(path, layout.blank)) if len(layout.blank) else path
    try:
        frame = pl.read_csv(source, separator=layout.separator, infer_schema=False, glob=False)
    except _BROKEN as error:
        if "utf" in str(error).lower():
            raise not_utf8(path) from error
        raise _cannot(path, error) from error
    if len(frame) != len(layout.lines):
        raise BadData(f"cannot read {path}: odd quotation marks", 'double those in a value: ""')
    frame.columns = list(layout.names)
    return frame, place


def _binary(path: Path, signature: str) -> tuple[pl.DataFrame, Place]:
    if not limits.beginning(path, signature).startswith(signature.encode()):
        raise BadData(f"{path} is damaged, or of another kind", "write it again")
    with _panics_unsaid():
        try:
            frame = _parquet(path) if signature == "PAR1" else _arrow(path)
        except _BROKEN as error:
            raise _cannot(path, error) from error
    return frame, lambda row: f"{path}, row {row + 1}"


def _parquet(path: Path) -> pl.DataFrame:
    lazy = pl.scan_parquet(path, glob=False)
    _refuse_large(path, lazy)
    return lazy.collect()


def _arrow(path: Path) -> pl.DataFrame:
    _refuse_large(path, pl.scan_ipc(path))
    return pl.read_ipc(path.read_bytes())


def _refuse_large(path: Path, lazy: pl.LazyFrame) -> None:
    """Rows and columns stand in the file's metadata, which are read first."""
    names = tuple(lazy.collect_schema().names())
    limits.refuse_wide(str(path), len(names))
    refuse_twice(names, str(path))
    rows = lazy.select(pl.len()).collect().item()
    limits.refuse_expanding(str(path), path.stat().st_size, 8 * rows * len(names))


def _cannot(path: Path, error: BaseException) -> BadData:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return BadData(f"cannot read {path}: {first[:120]}", "is it whole? write it again")


@contextmanager
def _panics_unsaid() -> Iterator[None]:
    """A damaged file can make polars panic, which it prints itself, with a trace of many lines."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
