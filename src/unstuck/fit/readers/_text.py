"""Columns of text as what they hold: numbers, true and false, dates, or names."""

import polars as pl

from unstuck.errors import BadData
from unstuck.fit.examples import Place

MISSING = (
    "", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?", "-NaN", "-nan",
)  # fmt: skip
"""As pandas reads them, and the question mark of UCI's tables."""

MOST_OTHERS = 0.05
"""Share of values that are no numbers in a column of numbers: mistakes below, a column of names above."""

_POINT = "write decimals with a point, and thousands with nothing between"
_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+$"
_DATES = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y",
    "%d.%m.%Y %H:%M", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z",
)  # fmt: skip
"""What can be read in one way only: whether 03/04/2021 is in March the rows of another file may not tell."""

TRUTH = {"true": True, "false": False}
"""In lower case."""

_PADDED = r"^0\d+$"
"""Codes of places, keys: as numbers they would lose what they begin with."""


def typed(column: pl.Series, place: Place, *, strict: bool = True) -> pl.Series:
    """A column of text as numbers, true and false, dates or names; what stands for a missing value is none.

    Args:
        column: of text.
        place: where a row stands.
        strict: whether single values that fit the others' kind not are mistakes, or make it names.

    Raises:
        BadData: a few values among numbers or dates are neither, with the first.
    """
    known = known_of(column)
    if known.null_count() == len(known):
        return known.cast(pl.Float64)
    if known.str.contains(_PADDED).any():
        return known
    if are_truths(known):
        return known.str.to_lowercase().replace_strict(TRUTH, return_dtype=pl.Boolean)
    for parsed in (_numbers, _dates):
        found = parsed(known)
        wrong = found.is_null() & known.is_not_null()
        share = wrong.sum() / (len(known) - known.null_count())
        if share == 0:
            return found
        if strict and share < MOST_OTHERS:
            raise _mistake(known, wrong, place, found.dtype.is_numeric())
    if strict:
        _refuse_commas(known, place)
    return known


def known_of(column: pl.Series) -> pl.Series:
    """The texts without blanks around them; what stands for a missing value is none."""
    stripped = column.str.strip_chars()
    return stripped.set(stripped.is_in(MISSING), None)


def are_truths(known: pl.Series) -> bool:
    """Whether all texts say true or false, but for the missing ones."""
    return bool(known.str.to_lowercase().drop_nulls().is_in(list(TRUTH)).all())


def _numbers(column: pl.Series) -> pl.Series:
    whole = column.cast(pl.Int64, strict=False)
    if whole.null_count() == column.null_count():
        return whole
    return column.cast(pl.Float64, strict=False)


def _dates(column: pl.Series) -> pl.Series:
    return _parsed(column, form_of(column))


def form_of(known: pl.Series) -> str:
    """In which most of the first texts can be read as dates."""
    sample = known.drop_nulls().head(100)
    return max(_DATES, key=lambda each: _fits(sample, each))


def _fits(sample: pl.Series, form: str) -> int:
    found = _parsed(sample, form)
    return len(found) - found.null_count()


def _parsed(column: pl.Series, form: str) -> pl.Series:
    found = column.str.to_datetime(form, strict=False, time_unit="us")
    return found.dt.replace_time_zone(None)  # with an offset they are in UTC


def _mistake(column: pl.Series, wrong: pl.Series, place: Place, numbers: bool) -> BadData:
    row = int(wrong.arg_max() or 0)
    kind = "number" if numbers else "date as the others are"
    comma = numbers and bool(column[row : row + 1].str.contains(_COMMA).all())
    return BadData(
        f"{place(row)}: {column.name} is {_short(column[row])}, no {kind}",
        _POINT if comma else "correct it, or leave it empty if unknown",
    )


def _refuse_commas(column: pl.Series, place: Place) -> None:
    known = column.drop_nulls()
    fits = known.str.contains(_COMMA)
    numbers = fits | _numbers(known).is_not_null()
    if fits.any() and numbers.all():
        row = int(column.str.contains(_COMMA).fill_null(False).arg_max() or 0)
        raise BadData(
            f"{place(row)}: {column.name} is {_short(column[row])}, a number with a comma",
            _POINT,
        )


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:37] + "...")
