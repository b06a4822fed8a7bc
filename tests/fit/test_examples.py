"""Rows without a target, copies of the target, and what is said of them."""

from pathlib import Path

import narwhals as nw
import numpy as np
import polars as pl
import pytest

from unstuck.errors import BadData
from unstuck.fit.examples import Arrays, Columns, Examples, Pictures, is_missing, with_targets
from unstuck.fit.fitting import How, fit, prepared
from unstuck.fit.leaks import copies
from unstuck.fit.readers import Wish, read

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(60, 3))
CLASSES = DRAW.integers(0, 3, 60)


@pytest.mark.parametrize(
    ("targets", "missing"),
    [
        (np.array([1.0, np.nan]), [False, True]),
        (np.array([[1.0, np.nan], [1.0, 2.0]]), [True, False]),
        (np.array(["a", None, float("nan"), ""], dtype=object), [False, True, True, False]),
        (np.array([1, 2]), [False, False]),
        (np.array(["a", "nan"]), [False, False]),
    ],
)
def test_missing_targets(targets, missing):
    assert is_missing(targets).tolist() == missing


INPUTS = {
    "arrays": Arrays(np.arange(6).reshape(3, 2)),
    "columns": Columns(nw.from_native(pl.DataFrame({"a": [0, 1, 2]}))),
    "pictures": Pictures([Path("0"), Path("1"), Path("2")]),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_rows_without_a_target_are_left_out_whatever_the_inputs(kind):
    examples = with_targets(Examples(INPUTS[kind], "d", np.array([1.0, np.nan, 3.0])))
    assert len(examples) == 2
    assert examples.targets.tolist() == [1, 3]
    assert [examples.place(row) for row in range(2)] == ["row 1", "row 3"]
    assert examples.notes == ("1 of 3 rows have no target, the first is row 2: left out",)


def test_half_may_be_missing_and_not_more():
    with_targets(Examples(Arrays(X[:4]), "d", np.array([1.0, np.nan, 3.0, np.nan])))
    with pytest.raises(BadData, match="d: 2 of 3 rows have no target, the first is row 1"):
        with_targets(Examples(Arrays(X[:3]), "d", np.array([np.nan, np.nan, 3.0])))


COPIES = {
    "itself": CLASSES,
    "other numbers": np.array([7.5, -1, 0])[CLASSES],
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_the_class_is_found_among_numbers(name):
    values = np.column_stack([X, COPIES[name]])
    assert copies(Arrays(values), CLASSES, np.arange(60)) == ("feature 4",)


@pytest.mark.parametrize("copy", [np.array(list("abc"))[CLASSES], CLASSES, CLASSES == 1])
def test_a_copy_of_the_class_is_found_in_a_table(copy):
    targets = CLASSES == 1 if copy.dtype == bool else CLASSES
    frame = pl.DataFrame({"a": X[:, 0], "copy": copy, "n": np.arange(60)})
    assert copies(Columns(nw.from_native(frame)), targets.astype(int), np.arange(60)) == ("copy",)


@pytest.mark.parametrize("copy", [X[:, 0] * -3 + 7, X[:, 0]])
def test_a_copy_of_a_quantity_is_found_in_any_unit(copy):
    values = np.column_stack([copy, X[:, 1:]])
    assert copies(Arrays(values), X[:, :1], np.arange(60)) == ("feature 1",)


@pytest.mark.parametrize(
    "near",
    [
        np.where(np.arange(60) == 5, 1 - CLASSES, CLASSES),  # one row differs
        CLASSES > 0,  # two classes look alike
        CLASSES + X[:, 0] * 1e-3,  # more is told than the class
        np.where(np.arange(60) == 5, np.nan, CLASSES),
    ],
)
def test_what_only_tells_much_of_the_class_is_no_copy(near):
    assert copies(Arrays(np.column_stack([X, near])), CLASSES, np.arange(60)) == ()


def test_no_copy_is_looked_for_among_sets_and_images():
    assert copies(Arrays(X), np.ones((60, 2)), np.arange(60)) == ()
    assert copies(Arrays(np.ones((60, 1, 4, 4))), CLASSES, np.arange(60)) == ()


def test_what_was_read_left_out_and_suspected_is_said(tmp_path):
    rows = [f"k{i},{i % 5},{'xy'[i % 2]},{'uv'[i % 2]}" for i in range(60)]
    (tmp_path / "d.csv").write_text("\n".join(["key,a,copy,label", *rows, "k,1,x,"]))
    ready = prepared(read(tmp_path / "d.csv", Wish()))
    assert ready.notes == (
        "target: label, by its name (--target says another)",
        f"1 of 61 rows have no target, the first is {tmp_path / 'd.csv'}, line 62: left out",
        "columns: numbers a; names copy (2)",
        "key is left out: 51 of its 51 values are different, as of names of rows",
        "warning: copy equals the target: can it be known when you predict? if not, leave it out",
    )


def test_rows_on_both_sides_are_said(tmp_path):
    lines = [f"{i % 30}.5,{'uv'[i % 2]},{'xy'[i % 2]}" for i in range(60)]
    (tmp_path / "d.csv").write_text("\n".join(["a,b,label", *lines]))
    for examples in (
        read(tmp_path / "d.csv", Wish()),
        read(np.tile(X[:30], (2, 1)), Wish(), CLASSES),
    ):
        ready = prepared(examples)
        again = sum(row % 30 in ready.split.rest % 30 for row in ready.split.test)
        said = f"warning: {again} of the 9 rows to judge by are also among those trained on"
        assert ready.notes[-1].startswith(said)


def test_a_few_equal_rows_are_chance():
    assert prepared(read("iris", Wish())).notes == ()


def test_a_class_too_rare_to_be_held_out_is_said():
    ready = prepared(read(X, Wish(), ["a", "b"] * 29 + ["c", "c"]))
    assert ready.notes == ("warning: too few examples to train, choose and judge by: c (2)",)


class Enough(Exception):
    """Nothing more is asked."""


def test_the_person_hears_it(monkeypatch):
    def train(*_):
        raise Enough

    monkeypatch.setattr("unstuck.fit.fitting.trained", train)
    said: list[str] = []
    with pytest.raises(Enough):
        fit(read(X, Wish(), [*CLASSES[:-1], None]), how=How(said.append))
    assert "1 of 60 rows have no target, the first is row 60: left out" in said


def test_durations_are_compared_with_the_target_and_lists_are_not():
    hours = pl.Series(np.arange(60) * 3_600_000, dtype=pl.Duration("ms"))
    frame = pl.DataFrame({"took": hours, "parts": [[1, 2]] * 60, "a": X[:, 0]})
    found = copies(Columns(nw.from_native(frame)), np.arange(60.0), np.arange(60))
    assert found == ("took",)
