"""Data frames: polars, pandas and others, through narwhals; and the columns of any table as examples."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from unstuck.errors import BadData, UsageError
from unstuck.fit import limits
from unstuck.fit.examples import Columns, Examples, Place, row_of
from unstuck.fit.readers import Wish
from unstuck.fit.readers._layout import refuse_twice
from unstuck.fit.readers._text import TRUTH, typed

TARGETS = ("target", "label", "class", "y")
"""Names that a column with targets usually has."""


def takes(data: Any) -> bool:
    """Whether it is a frame."""
    return bool(nw.dependencies.is_into_dataframe(data)) or isinstance(data, pl.LazyFrame)


def read(data: Any, wish: Wish, y: Any = None) -> Examples:
    """Its columns; ``y`` their targets, else one or several of the columns are."""
    data = data.collect() if isinstance(data, pl.LazyFrame) else data
    names = tuple(map(str, data.columns))
    limits.refuse_wide("the frame", len(names))
    refuse_twice(names, "the frame")
    frame = nw.from_native(data, eager_only=True)
    columns = [as_polars(frame[:, place], name) for place, name in enumerate(names)]
    columns = [
        typed(each, row_of, strict=False) if each.dtype == pl.String else each for each in columns
    ]
    return examples_of(pl.DataFrame(columns), "the frame", row_of, wish, y)


def as_polars(series: Any, name: str) -> pl.Series:
    """A column of any frame (narwhals) as one of polars."""
    native = series.to_native()
    if isinstance(native, pl.Series):
        return native.alias(name)
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        if series.null_count():
            series = series.cast(nw.Float64)
        return pl.Series(name, series.to_numpy())
    values = [None if _absent(each) else each for each in series.to_list()]
    if series.dtype in (nw.Datetime, nw.Date, nw.Duration):
        return pl.Series(name, values)
    if any(isinstance(each, list | tuple | set | frozenset | np.ndarray) for each in values):
        lists = [None if each is None else [str(part) for part in each] for each in values]
        return pl.Series(name, lists, dtype=pl.List(pl.String))
    kind = pl.Categorical if series.dtype in (nw.Categorical, nw.Enum) else pl.String
    return pl.Series(name, [None if each is None else str(each) for each in values], kind)


def _absent(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (value != value) is True
    )


def examples_of(
    frame: pl.DataFrame, source: str, place: Place, wish: Wish, y: Any = None
) -> Examples:
    """The columns as inputs; the targets are ``y``, or the columns that the person names.

    Raises:
        BadData: there is no such column, or none is left to learn from.
    """
    frame = _finite(frame, place)
    if y is not None:
        return _beside(frame, source, place, y)
    names, note = _targets(frame, source, wish)
    inputs = frame.drop(names)
    if not inputs.columns:
        raise BadData(f"{source}: no column is left to learn from", f"besides {', '.join(names)}")
    targets = values_of(frame.select(names), wish.kind) if names else None
    columns = Columns(nw.from_native(inputs), place)
    notes = (note,) if note else ()
    return Examples(columns, source, targets, names or ("target",), place, notes)


def _finite(frame: pl.DataFrame, place: Place) -> pl.DataFrame:
    """The frame with NaN as a missing value; an infinite one is a mistake."""
    frame = frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))
    for column in frame.select(pl.col(pl.Float32, pl.Float64)):
        infinite = column.is_infinite()
        if infinite.any():
            raise BadData(
                f"{place(int(infinite.arg_max() or 0))}: {column.name} is infinite",
                "leave it empty if it is not known",
            )
    return frame


def _targets(frame: pl.DataFrame, source: str, wish: Wish) -> tuple[tuple[str, ...], str]:
    """Names of the columns to predict, and how they were chosen, if nobody named them."""
    if wish.predicting:
        there = all(name in frame.columns for name in wish.target)
        return (wish.target if there else ()), ""
    if wish.target:
        for name in wish.target:
            _refuse_unknown(name, frame.columns, source)
        if len(set(wish.target)) < len(wish.target):
            raise UsageError("--target names a column twice", f"--target {wish.target[0]}")
        return wish.target, ""
    usual = [name for name in frame.columns if name.lower() in TARGETS]
    if usual:
        usual.sort(key=lambda name: TARGETS.index(name.lower()))
        return (usual[0],), f"target: {usual[0]}, by its name (--target says another)"
    last = frame.columns[-1]
    return (last,), f"target: {last}, as the last column (--target says another)"


def _refuse_unknown(name: str, names: Sequence[str], source: str) -> None:
    if name not in names:
        close = get_close_matches(name, names, 1)
        meant = f"did you mean {close[0]}? " if close else ""
        some = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise BadData(f"{source}: there is no column {name!r}", f"{meant}it has {some}")


def _beside(frame: pl.DataFrame, source: str, place: Place, y: Any) -> Examples:
    from unstuck.fit.readers.arrays import targets_of

    targets, names = targets_of(y)
    if len(targets) != len(frame):
        raise BadData(f"{source}: {len(frame)} rows, but {len(targets)} targets", "one a row")
    return Examples(Columns(nw.from_native(frame), place), source, targets, names, place)


def values_of(frame: pl.DataFrame, kind: str | None = None) -> NDArray[Any]:
    """The columns of targets: (rows,) of one, (rows, columns) of several.

    In a text with sets of labels, an empty one is the empty set, not a missing target. Of several
    columns true is 1, so that they can stand beside others.
    """
    if frame.width > 1:
        return np.stack([_values(_truth(column)) for column in frame], 1)
    if kind == "multi-label" and frame.dtypes[0] in (pl.String, pl.Float64, pl.Int64):
        text = frame.to_series().cast(pl.String).fill_null("")
        return np.array(text.to_list(), dtype=object)
    return _values(frame.to_series())


def _truth(column: pl.Series) -> pl.Series:
    """True and false, as such or as text, as 1 and 0; other columns as they are."""
    found = column
    if column.dtype == pl.String:
        found = column.str.to_lowercase().replace_strict(TRUTH, default=None)
        if (found.is_null() & column.is_not_null()).any():
            return column
    return found.cast(pl.Int8) if found.dtype == pl.Boolean else column


def _values(column: pl.Series) -> NDArray[Any]:
    if column.dtype in (pl.Categorical, pl.Enum):
        column = typed(column.cast(pl.String), row_of, strict=False)
    if column.dtype.is_numeric() and not column.null_count():
        return column.to_numpy()
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy()
    if column.dtype.is_temporal():
        raise BadData(f"{column.name} holds dates, which cannot be predicted", "--target COLUMN")
    found = np.empty(len(column), dtype=object)
    found[:] = column.to_list()
    return found
