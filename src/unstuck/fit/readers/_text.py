"""Columns of text as what they hold: numbers, dates, or names."""

import polars as pl

from unstuck.errors import BadData
from unstuck.fit.examples import Place

MISSING = (
    "", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?", "-NaN", "-nan",
)  # fmt: skip
"""As pandas reads them, and the question mark of UCI's tables."""

MOST_OTHERS = 0.05
"""Share of values that are no numbers in a column of numbers: mistakes below, a column of names above."""

_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+$"
_DATES = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
)  # fmt: skip


def typed(column: pl.Series, place: Place, *, strict: bool = True) -> pl.Series:
    """A column of text as numbers, dates or names; what stands for a missing value is none.

    Args:
        column: of text.
        place: where a row stands.
        strict: whether single values that fit the others' kind not are mistakes, or make it names.

    Raises:
        BadData: a few values among numbers or dates are neither, with the first.
    """
    stripped = column.str.strip_chars()
    known = stripped.set(stripped.is_in(MISSING), None)
    if known.null_count() == len(known):
        return known.cast(pl.Float64)
    for found in (_numbers(known), _dates(known)):
        wrong = found.is_null() & known.is_not_null()
        share = wrong.sum() / (len(known) - known.null_count())
        if share == 0:
            return found
        if strict and share < MOST_OTHERS:
            raise _mistake(known, wrong, place, found.dtype.is_numeric())
    if strict:
        _refuse_commas(known, place)
    return known


def _numbers(column: pl.Series) -> pl.Series:
    whole = column.cast(pl.Int64, strict=False)
    if whole.null_count() == column.null_count():
        return whole
    return column.cast(pl.Float64, strict=False)


def _dates(column: pl.Series) -> pl.Series:
    sample = column.drop_nulls().head(100)
    formats = sorted(_DATES, key=lambda each: -_fits(sample, each))
    return _parsed(column, formats[0])


def _fits(sample: pl.Series, form: str) -> int:
    found = _parsed(sample, form)
    return len(found) - found.null_count()


def _parsed(column: pl.Series, form: str) -> pl.Series:
    return column.str.to_datetime(form, strict=False, time_unit="us")


def _mistake(column: pl.Series, wrong: pl.Series, place: Place, numbers: bool) -> BadData:
    row = int(wrong.arg_max() or 0)
    kind = "number" if numbers else "date as the others are"
    comma = numbers and bool(column[row : row + 1].str.contains(_COMMA).all())
    return BadData(
        f"{place(row)}: {column.name} is {_short(column[row])}, no {kind}",
        "write decimals with a point" if comma else "correct it, or leave it empty if unknown",
    )


def _refuse_commas(column: pl.Series, place: Place) -> None:
    known = column.drop_nulls()
    fits = known.str.contains(_COMMA)
    numbers = fits | _numbers(known).is_not_null()
    if fits.any() and numbers.all():
        row = int(column.str.contains(_COMMA).fill_null(False).arg_max() or 0)
        raise BadData(
            f"{place(row)}: {column.name} is {_short(column[row])}, a number with a comma",
            "write decimals with a point",
        )


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:37] + "...")
