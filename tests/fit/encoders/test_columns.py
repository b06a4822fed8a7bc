"""Tables as tensors: numbers, categories, dates, and what is left out."""

import json
import math
from datetime import datetime, time, timedelta

import narwhals as nw
import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.errors import BadData
from unstuck.fit import encoders, models
from unstuck.fit.encoders import columns
from unstuck.fit.examples import SHOWN, Columns
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

ROWS = 60
DAYS = [datetime(2021, 1, 1) + timedelta(days=7 * i) for i in range(ROWS)]


def table(**values):
    return Columns(nw.from_native(pl.DataFrame(values, strict=False)))


def fitted(**values):
    inputs = table(**values)
    return columns.fitted(inputs, np.arange(len(inputs)))


def encoded(encoder, **values):
    inputs = table(**values)
    return [each.tolist() for each in encoder.encoded(inputs, np.arange(len(inputs)))]


GOOD = [float(i % 7) for i in range(ROWS)]


def test_numbers_are_standardised_and_their_absence_is_said():
    encoder = fitted(a=[*GOOD[:-1], None], b=[i % 2 == 0 for i in range(ROWS)])
    assert encoder.shape.numbers == 3
    [[[a, b, absent], _]] = encoded(encoder, a=[None, 3.0], b=[True, False])
    assert (a, b, absent) == (0, pytest.approx(1, abs=0.1), 1)


def test_categories_have_a_code_each_and_two_for_rare_and_missing():
    encoder = fitted(c=["u"] * 30 + ["v"] * 28 + ["once", None])
    assert encoder.shape.codes == (4,)
    _, codes = encoded(encoder, c=["u", "v", "once", "never", None])
    assert codes == [[2], [3], [columns.RARE], [columns.RARE], [columns.MISSING]]


@pytest.mark.parametrize(
    "values", [["1", "2", "3"], [1, 2, 3], [1.0, 2.0, 3.0], pl.Series([1, 2, 3], dtype=pl.UInt8)]
)
def test_categories_of_digits_are_found_again_as_numbers(values):
    encoder = fitted(c=["1"] * 30 + ["2"] * 28 + ["x", "x"])
    assert encoded(encoder, c=values)[1] == [[2], [3], [columns.RARE]]


def test_a_category_is_rare_below_five_times_only_where_there_are_many_rows():
    many = ["u"] * 500 + ["w"] * 4
    assert fitted(c=many + ["v"] * 96).categories[0].values == ("u", "v")
    assert fitted(c=["u"] * 8 + ["v"] * 2).categories[0].values == ("u", "v")


def test_dates_as_parts_that_differ():
    encoder = fitted(d=DAYS)
    # Always a Friday at midnight: where in the week and the day says nothing.
    assert [part for _, part in encoder.features] == ["days", "year sine", "year cosine"]
    hours = fitted(d=[datetime(2021, 1, 1, i % 24) for i in range(ROWS)])
    assert "day sine" in [part for _, part in hours.features]


def test_the_parts_of_a_date_are_right():
    noon_on_sunday = pl.Series("d", [datetime(1970, 1, 4, 12)])
    values = {part: float(columns._part(noon_on_sunday, part, str)[0]) for part in columns.PARTS}
    assert values["days"] == 3.5
    assert values["week sine"] == pytest.approx(math.sin(2 * math.pi * 3.5 / 7), abs=1e-12)
    assert values["day sine"] == pytest.approx(0, abs=1e-12)
    assert values["day cosine"] == pytest.approx(-1)


def test_a_missing_date_is_said_once():
    encoder = fitted(d=[*DAYS[:-1], None])
    assert encoder.shape.numbers == 4
    [[row]] = encoded(encoder, d=pl.Series([None], dtype=pl.Datetime))
    assert row == [0, 0, 0, 1]


@pytest.mark.parametrize("kind", ["dates", "times", "durations"])
def test_other_kinds_of_time(kind):
    values = {
        "dates": [each.date() for each in DAYS],
        "times": [time(i % 24) for i in range(ROWS)],
        "durations": [timedelta(seconds=i % 9) for i in range(ROWS)],
    }[kind]
    encoder = fitted(d=values)
    assert encoder.shape.numbers >= 1
    assert torch.tensor(encoded(encoder, d=values)[0]).isfinite().all()


LEFT_OUT = {
    "names of rows": ([f"k{i}" for i in range(ROWS)], "60 of its 60 values are different"),
    "nearly all different": (
        ["k0"] * 5 + [f"k{i}" for i in range(ROWS - 5)],
        "55 of its 60 values are different",
    ),
    "constant numbers": ([3] * ROWS, "all its values are the same"),
    "constant names": (["u"] * ROWS, "all its values are the same"),
    "empty": ([None] * ROWS, "it is empty"),
    "a count": (list(range(5, 5 + ROWS)), "it counts the rows"),
    "lists": ([[1], [2]] * (ROWS // 2), "it holds list(int64), neither numbers"),
    "nothing twice": (["a", "b", *[None] * (ROWS - 2)], "no value occurs often enough"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_cannot_help_is_left_out_and_said(name):
    values, why = LEFT_OUT[name]
    encoder = fitted(a=GOOD, bad=values)
    assert encoder.features == (("a", ""),)
    assert encoder.categories == ()
    [note] = encoder.notes
    assert note.startswith(f"bad is left out: {why}")


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("id", 1),
        ("Customer_ID", 1),
        ("index", 1),
        ("userId", 1),
        ("paid", 0),
        ("BID", 0),
        ("price_index", 0),
    ],
)
def test_numbers_that_name_rows_are_known_by_the_name_of_the_column(name, left_out):
    assert len(fitted(a=GOOD, **{name: [i * i for i in range(ROWS)]}).notes) == left_out


@pytest.mark.parametrize(
    "values",
    [
        [3] * (ROWS - 1) + [None],
        list(range(0, 2 * ROWS, 2)),
        [i + 0.5 for i in range(ROWS)],
        [f"k{i % 20}" for i in range(ROWS)],
        list(range(ROWS))[::-1],
    ],
)
def test_what_may_help_is_not(values):
    assert fitted(a=GOOD, good=values).notes == ()


def test_a_count_is_noticed_among_training_rows_in_any_order():
    inputs = table(a=GOOD, n=list(range(ROWS)))
    encoder = columns.fitted(inputs, np.array([3, 9, 17, 40, 5]))
    assert [note.partition(":")[0] for note in encoder.notes] == ["n is left out"]


def test_columns_are_found_by_name_in_any_order_and_others_ignored():
    encoder = fitted(a=GOOD, c=["u", "v"] * (ROWS // 2))
    assert encoded(encoder, extra=[9], c=["v"], a=[1.0]) == encoded(encoder, a=[1.0], c=["v"])


def test_numbers_in_text_are_numbers_if_training_had_numbers():
    encoder = fitted(a=GOOD)
    assert encoded(encoder, a=["3", "5.0"]) == encoded(encoder, a=[3, 5])


def test_text_where_training_had_dates_is_refused():
    encoder = fitted(d=DAYS)
    with pytest.raises(BadData, match="row 1: d is 'soon', no date"):
        encoded(encoder, d=["soon"])


def test_an_embedding_of_what_was_never_seen_is_no_noise():
    encoder = fitted(a=GOOD, c=["u", "v"] * (ROWS // 2))
    model = models.built(Recipe(), encoder.shape, Task("binary", (0, 1), ""))
    numbers = torch.zeros(2, 1)
    entered = model.entry(numbers, torch.tensor([[columns.RARE], [columns.MISSING]]))
    assert (entered == 0).all()


cells = {
    "n": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "i": st.none() | st.integers(-(2**63), 2**63 - 1),
    "s": st.none() | st.text(max_size=2),
    "c": st.none() | st.sampled_from("uvw"),
    "d": st.none() | st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    "t": st.none() | st.booleans(),
}
KINDS = {
    "n": pl.Float64,
    "i": pl.Int64,
    "s": pl.String,
    "c": pl.String,
    "d": pl.Datetime,
    "t": pl.Boolean,
}


@st.composite
def frames(draw):
    rows = draw(st.integers(1, 12))
    return {
        name: pl.Series(draw(st.lists(each, min_size=rows, max_size=rows)), dtype=KINDS[name])
        for name, each in cells.items()
    } | {"good": [i % 2 for i in range(rows)]}


@settings(max_examples=30)
@given(frames(), frames())
def test_whatever_the_columns_they_are_finite_and_survive_json(first, second):
    inputs, rows = table(**first), np.arange(len(first["good"]))
    if len(rows) == 1:
        return  # all is constant
    encoder = encoders.encoder_of(inputs, rows)
    again = encoders.again(json.loads(json.dumps(encoders.kept(encoder))))
    assert again == encoder
    for values in (first, second):
        new = table(**values)
        found = encoder.encoded(new, np.arange(len(new)))
        for one, other in zip(found, again.encoded(new, np.arange(len(new))), strict=True):
            assert torch.equal(one, other)
        assert found[0].isfinite().all()
        assert found[0].shape == (len(new), encoder.shape.numbers)
        if encoder.shape.codes:
            assert (found[1] >= 0).all()
            assert (found[1] < torch.tensor(encoder.shape.codes)).all()


def test_it_is_said_how_each_column_is_read():
    table = fitted(size=GOOD, bought=DAYS, town=["A", "B"] * (ROWS // 2))
    assert table.read_as == "columns: numbers size; dates bought; names town (2)"
    assert encoders.said(table) == (table.read_as,)


def test_of_many_columns_some_are_named():
    table = fitted(**{f"n{place}": GOOD for place in range(SHOWN + 2)})
    assert table.read_as.endswith(", n7 and 2 more")


@pytest.mark.parametrize(
    ("texts", "note"),
    [
        (
            ["01/02/2021", "02/03/2021"],
            "t is read as names, but looks like dates: write 2021-12-31, which can be read in one way only",
        ),
        (["22.4%", "8 %"], "t is read as names, but looks like amounts: write bare numbers"),
        (["$28,124", "$1,000"], "t is read as names, but looks like amounts: write bare numbers"),
        (["01067", "10115"], None),
        (["a 1", "b 2"], None),
    ],
)
def test_texts_that_only_look_like_names_are_said_to(texts, note):
    assert fitted(a=GOOD, t=texts * (ROWS // 2)).notes == ((note,) if note else ())


def test_what_is_left_out_may_look_like_something():
    amounts = [f"${row},000" for row in range(ROWS)]
    (note,) = fitted(a=GOOD, t=amounts).notes
    assert note.endswith("as of names of rows; it looks like amounts: write bare numbers")
