"""Tables: numbers and dates standardised, categories as codes; what cannot help is left out, and said."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from unstuck.errors import BadData
from unstuck.fit import objects
from unstuck.fit.encoders import Rows, Shape
from unstuck.fit.encoders.numbers import Numbers, some, standard
from unstuck.fit.encoders.numbers import from_plain as numbers_again
from unstuck.fit.examples import Columns, Place, shortened

RARE, MISSING = 0, 1
"""Codes of what is rare, or was not there in training, and of what is missing; values follow."""

MOST_VALUES = 1000
MOST_DIFFERENT, FEWEST = 0.9, 20
"""Share of different values from which on a text names its row (a key, an address, free text)."""

KEY = re.compile(r"(^|_|\s)(id|uuid|key)$|^index$|(?-i:[a-z]I[dD])$", re.IGNORECASE)
"""In the name of a column: its whole numbers name rows as well, if they are as different."""

DAY = 86_400_000_000
"""Microseconds, in which polars counts."""

LOOKS = (
    (r"^\d{1,2}[/-]\d{1,2}[/-](\d{2}|\d{4})$", "dates", "2021-12-31, which can be read in one way only"),
    (r"^([$€£] ?)?[+-]?\d[\d.,' ]*([$€£%]| [$€£%])$|^[$€£] ?[+-]?\d[\d.,' ]*$", "amounts", "bare numbers"),
)  # fmt: skip
"""How texts are written that only look like names, what they are, and how to write them."""

OFTEN = 0.1
"""Share of values without a code of their own that a person should know of."""

PARTS = ("days", "year sine", "year cosine", "week sine", "week cosine", "day sine", "day cosine")
"""Of a date: days since 1970, and where it stands in the year, the week and the day, as on a clock."""


@dataclass(frozen=True)
class Category:
    """A column of names, and those that have a code of their own."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """What is made of the columns: ``features`` are (column, part) and go with ``numbers``."""

    features: tuple[tuple[str, str], ...]
    numbers: Numbers
    categories: tuple[Category, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """Numbers, and of each category how many codes it has."""
        codes = tuple(len(each.values) + 2 for each in self.categories)
        return replace(self.numbers.shape, codes=codes)

    @property
    def read_as(self) -> str:
        """``columns: numbers a, b; dates day; names town (12)``: how many have a code of their own."""
        kinds = {
            "numbers": [name for name, part in self.features if not part],
            "dates": list(dict.fromkeys(name for name, part in self.features if part)),
            "names": [f"{each.name} ({len(each.values)})" for each in self.categories],
        }
        said = [f"{kind} {shortened(each)}" for kind, each in kinds.items() if each]
        return f"columns: {'; '.join(said)}"

    def encoded(self, inputs: Any, rows: Rows) -> tuple[Tensor, ...]:
        """Numbers (rows, numbers), and codes (rows, categories) if there are any.

        Raises:
            BadData: a column is not there, or a value is of another kind than in training.
        """
        frame = _frame(inputs)
        self._refuse_missing(frame)
        part = frame[rows]
        matrix = _matrix(part, self.features, lambda row: inputs.place(int(rows[row])))
        numbers = self.numbers.standardised(matrix)
        if not self.categories:
            return (numbers,)
        codes = [_codes(part[each.name], each.values) for each in self.categories]
        return numbers, torch.tensor(np.stack(codes, 1))

    def unknown(self, inputs: Any) -> Iterator[str]:
        """Columns of names of which many values have no code of their own, a sentence each."""
        frame = _frame(inputs)
        for each in self.categories:
            count = int((_codes(frame[each.name], each.values) == RARE).sum())
            if count > OFTEN * len(frame):
                yield f"{each.name}: {count} of {len(frame)} values are new to the model, or were rare"

    def _refuse_missing(self, frame: pl.DataFrame) -> None:
        names = [name for name, _ in self.features] + [each.name for each in self.categories]
        for name in names:
            if name not in frame.columns:
                some = ", ".join(frame.columns[:8])
                raise BadData(f"there is no column {name!r}", f"the training had it; here: {some}")

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def fitted(inputs: Columns, rows: Rows) -> Table:
    """What the training rows teach of the columns.

    Raises:
        BadData: no column is left to learn from.
    """
    frame = _frame(inputs)
    part, notes = frame[rows], []
    features: list[tuple[str, str]] = []
    categories: list[Category] = []
    for column in part:
        why = _useless(column, rows)
        if not why and _is_number(column.dtype):
            features.append((column.name, ""))
        elif not why and column.dtype.is_temporal():
            features += [(column.name, each) for each in _telling(column)]
        elif not why:
            values = _frequent(_texts(column))
            why = "" if values else "no value occurs often enough"
            categories += [Category(column.name, values)] if values else []
        looks = _looks(column)
        if why:
            notes.append(f"{column.name} is left out: {why}{looks and f'; it {looks}'}")
        elif looks:
            notes.append(f"{column.name} is read as names, but {looks}")
    if not features and not categories:
        raise BadData("no column is left to learn from", "; ".join(notes[:3]))
    numbers = _numbers(frame, rows, tuple(features), inputs.place)
    return Table(tuple(features), numbers, tuple(categories), tuple(notes))


def _looks(column: pl.Series) -> str:
    """``looks like dates: write 2021-12-31``, if a text does; else nothing."""
    if column.dtype != pl.String:
        return ""
    known = column.drop_nulls()
    for form, what, better in LOOKS:
        if known.str.contains(form).sum() > MOST_DIFFERENT * len(known):
            return f"looks like {what}: write {better}"
    return ""


def from_plain(record: dict[str, Any]) -> Table:
    """What ``plain`` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not write this.
    """
    found: Table = objects.again(Table, record)
    found = replace(found, numbers=numbers_again(record["numbers"]))
    if len(found.features) != len(found.numbers.center):
        raise ValueError("it is not said how each feature is standardised")
    if any(part not in ("", *PARTS) for _, part in found.features):
        raise ValueError("a date has no such part")
    if any(len(set(each.values)) < len(each.values) for each in found.categories):
        raise ValueError("a value has two codes")
    return found


def _frame(inputs: Any) -> pl.DataFrame:
    if not isinstance(inputs, Columns):
        raise BadData("the model was trained on a table", "give one with the same columns")
    frame: pl.DataFrame = inputs.frame.to_polars()
    return frame


def _is_number(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind in (pl.Boolean, pl.Duration)


def _is_names(kind: pl.DataType) -> bool:
    return kind in (pl.String, pl.Categorical, pl.Enum)


def _useless(column: pl.Series, rows: Rows) -> str:
    """Why nothing can be learned from a column; empty if something can."""
    known = column.drop_nulls()
    if not len(known):
        return "it is empty"
    if not (_is_number(column.dtype) or column.dtype.is_temporal() or _is_names(column.dtype)):
        return f"it holds {str(column.dtype).lower()}, neither numbers, names nor dates"
    different = known.n_unique()
    if different == 1 and len(known) == len(column):
        return "all its values are the same"
    keys = column.dtype.is_integer() and bool(KEY.search(column.name))
    if (
        (keys or _is_names(column.dtype))
        and len(known) >= FEWEST
        and different > MOST_DIFFERENT * len(known)
    ):
        return f"{different} of its {len(known)} values are different, as of names of rows"
    if column.dtype.is_integer() and len(known) == len(column) > 2 and _counts(column, rows):
        return "it counts the rows"
    return ""


def _counts(column: pl.Series, rows: Rows) -> bool:
    """Whether the values are the numbers of the rows, from whatever on."""
    offset = column.cast(pl.Int64, strict=False).to_numpy() - rows
    return bool((offset == offset[0]).all())


def _numbers(
    frame: pl.DataFrame, rows: Rows, features: tuple[tuple[str, str], ...], place: Place
) -> Numbers:
    part = some(rows, len(features))
    found = standard(_matrix(frame[part], features, lambda row: place(int(part[row]))))
    # One indicator is enough for all the parts of a date.
    missing = [each for each in found.missing if features[each][1] in ("", "days")]
    return replace(found, missing=tuple(missing))


def _matrix(
    frame: pl.DataFrame, features: tuple[tuple[str, str], ...], place: Place
) -> NDArray[np.float64]:
    """(rows, features), NaN where missing."""
    columns = list(_features(frame, features, place))
    return np.stack(columns, 1) if columns else np.zeros((len(frame), 0))


def _features(
    frame: pl.DataFrame, features: tuple[tuple[str, str], ...], place: Place
) -> Iterator[NDArray[np.float64]]:
    for name, part in features:
        column = frame[name]
        yield _part(column, part, place) if part else _number(column, place)


def _number(column: pl.Series, place: Place) -> NDArray[np.float64]:
    if column.dtype == pl.Duration:
        column = column.cast(pl.Int64)
    try:
        found = column.cast(pl.Float64, strict=False)
    except pl.exceptions.PolarsError as error:
        raise BadData(f"{column.name} holds {column.dtype}", "the training had numbers") from error
    _refuse_others(column, found, place, "number")
    values = found.to_numpy()
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise BadData(
            f"{place(int(infinite[0]))}: {column.name} is infinite",
            "leave it empty if it is not known",
        )
    return values


def _part(column: pl.Series, part: str, place: Place) -> NDArray[np.float64]:
    """One part of a date; a year has 365.2425 days, and 1970 began on a Thursday."""
    if not column.dtype.is_temporal():
        _refuse_others(column, pl.Series([None] * len(column)), place, "date")
    moments = _moments(column)
    if part == "days":
        return moments
    round_, curve = part.split()
    turns = moments / {"year": 365.2425, "week": 7.0, "day": 1.0}[round_]
    return np.sin(2 * np.pi * turns) if curve == "sine" else np.cos(2 * np.pi * turns)


def _moments(column: pl.Series) -> NDArray[np.float64]:
    """Days since 1970; of a time without a date, its part of the day."""
    if column.dtype == pl.Time:
        return column.cast(pl.Int64).cast(pl.Float64).to_numpy() / (1000 * DAY)
    if not column.dtype.is_temporal():
        return np.full(len(column), np.nan)
    moments = column.cast(pl.Datetime("us"))
    return moments.cast(pl.Int64).cast(pl.Float64).to_numpy() / DAY


def _telling(column: pl.Series) -> list[str]:
    """The parts that differ among the rows; where all times are midnight, those of the day do not."""
    parts = {each: _part(column, each, str) for each in PARTS}
    return [each for each, values in parts.items() if np.nanmax(values) - np.nanmin(values) > 1e-6]


def _texts(column: pl.Series) -> pl.Series:
    """Values as names: 3 and 3.0 are the same."""
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        same = (whole.cast(pl.Float64) == column) | column.is_null()
        column = whole if bool(same.all()) else column
    return column.cast(pl.String)


def _frequent(column: pl.Series) -> tuple[str, ...]:
    """The values that occur often enough to learn something of each, in the order of the alphabet."""
    fewest = max(2, min(5, len(column) // 100))
    counts = column.drop_nulls().value_counts(sort=True, name="count")
    kept = counts.filter(pl.col("count") >= fewest).head(MOST_VALUES)
    return tuple(sorted(kept[column.name].to_list()))


def _codes(column: pl.Series, values: tuple[str, ...]) -> NDArray[np.int64]:
    texts = _texts(column)
    known = texts.replace_strict(
        pl.Series(values, dtype=pl.String),
        pl.Series(range(2, len(values) + 2), dtype=pl.Int64),
        default=RARE,
        return_dtype=pl.Int64,
    )
    found: NDArray[np.int64] = known.set(texts.is_null(), MISSING).to_numpy()
    return found


def _refuse_others(column: pl.Series, found: pl.Series, place: Place, kind: str) -> None:
    lost = found.is_null() & column.is_not_null()
    if lost.any():
        row = int(lost.arg_max() or 0)
        raise BadData(
            f"{place(row)}: {column.name} is {column[row]!r}, no {kind}",
            "correct it, or leave it empty if it is not known",
        )
