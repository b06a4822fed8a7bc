"""Frames of polars and pandas as examples."""

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from unstuck.fit.readers import Wish, read

COLUMNS = {
    "n": [1, 2, 3],
    "f": [0.5, None, 2.5],
    "s": ["u", None, "v"],
    "t": [True, False, True],
    "d": [datetime(2021, 1, 2), datetime(2021, 3, 4), None],
    "y": ["a", "b", "a"],
}


def make(kind):
    return (
        pl.DataFrame(COLUMNS) if kind == "polars" else pytest.importorskip(kind).DataFrame(COLUMNS)
    )


def columns(examples):
    return examples.inputs.frame.to_native().to_dict(as_series=False)


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_a_frame(kind):
    examples = read(make(kind), Wish(("y",)))
    assert columns(examples) == {name: each for name, each in COLUMNS.items() if name != "y"}
    assert examples.targets.tolist() == ["a", "b", "a"]


@pytest.mark.parametrize("kind", ["polars", "pandas"])
@pytest.mark.parametrize("form", ["series", "list", "array", "frame"])
def test_a_frame_with_its_targets_beside_it(kind, form):
    frame = make(kind)
    y = {
        "series": frame["y"],
        "list": COLUMNS["y"],
        "array": np.array(COLUMNS["y"]),
        "frame": frame[["y"]],
    }
    examples = read(frame[["n", "f"]], Wish(), y[form])
    assert columns(examples) == {"n": [1, 2, 3], "f": [0.5, None, 2.5]}
    assert examples.targets.tolist() == ["a", "b", "a"]
    assert examples.target_names == ("y" if form in ("series", "frame") else "target",)


def test_several_columns_of_targets_beside_it():
    frame = pl.DataFrame({"a": [1, 2], "u": [0, 1], "v": [1, 1]})
    examples = read(frame[["a"]], Wish(), frame[["u", "v"]])
    assert (examples.targets.tolist(), examples.target_names) == ([[0, 1], [1, 1]], ("u", "v"))


def test_what_pandas_keeps_as_objects():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({
        "code": pandas.Categorical(["u", None, "v"], categories=["v", "u", "never"]),
        "whole": pandas.array([1, None, 3], dtype="Int64"),
        "mixed": pandas.Series(["x", 1, float("nan")], dtype=object),
        "day": pandas.Series([date(2021, 1, 2), None, date(2021, 1, 3)], dtype=object),
        "text": ["2021-01-02", "2021-01-03", "2021-01-04"],
        3: [1, 2, 3],
    })  # fmt: skip
    assert columns(read(frame, Wish(), [0, 1, 0])) == {
        "code": ["u", None, "v"],
        "whole": [1.0, None, 3.0],
        "mixed": ["x", "1", None],
        "day": [datetime(2021, 1, 2), None, datetime(2021, 1, 3)],
        "text": [datetime(2021, 1, 2), datetime(2021, 1, 3), datetime(2021, 1, 4)],
        "3": [1, 2, 3],
    }


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_target_in_a_series_of_names(missing):
    pandas = pytest.importorskip("pandas")
    examples = read(
        pl.DataFrame({"a": [1, 2, 3]}), Wish(), pandas.Series(["u", missing, "v"], dtype=object)
    )
    assert examples.targets.tolist() == ["u", "v"]
    assert columns(examples) == {"a": [1, 3]}
    assert examples.notes == ("1 of 3 rows have no target, the first is row 2: left out",)


def test_a_lazy_frame_is_collected():
    assert len(read(pl.LazyFrame(COLUMNS), Wish())) == 3


def test_sets_of_labels_in_a_column():
    examples = read(pl.DataFrame({"a": [1, 2, 3], "tags": [["u"], [], None]}), Wish(("tags",)))
    assert list(examples.targets) == [["u"], []]  # no set is missing, an empty one is not


def test_numbers_that_are_said_to_be_categories_are_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"zip": pandas.Categorical([1067, 10115, 1067]), "n": [1, 2, 3]})
    assert columns(read(frame, Wish(), [0, 1, 0]))["zip"] == ["1067", "10115", "1067"]


def test_targets_that_are_categories_keep_their_values():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, 2, 3], "y": pandas.Categorical([0, 1, 0])})
    assert read(frame, Wish()).targets.tolist() == [0, 1, 0]
