"""The task is found from the targets, and said."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from unstuck.errors import BadData
from unstuck.fit.readers.arrays import targets_of
from unstuck.fit.task import Task, task_of


def sets(*labels):
    found = np.empty(len(labels), dtype=object)
    found[:] = labels
    return found


FOUND = {
    "two names": (["a", "b"] * 6, "binary, 2 classes: the targets are names", ("a", "b")),
    "three names": (
        ["c", "b", "a"] * 4,
        "multi-class, 3 classes: the targets are names",
        ("a", "b", "c"),
    ),
    "yes and no": ([True, False] * 6, "binary, 2 classes: the targets are names", (False, True)),
    "0 and 1": ([0, 1] * 6, "binary, 2 classes: 2 different whole numbers", (0, 1)),
    "0.0 and 1.0": ([0.0, 1.0] * 6, "binary, 2 classes: 2 different whole numbers", (0, 1)),
    "few whole numbers": (
        [3, 1, 2] * 4,
        "multi-class, 3 classes: 3 different whole numbers",
        (1, 2, 3),
    ),
    "many whole numbers": (list(range(60)), "regression: 60 different whole numbers", ("t",)),
    "whole numbers of few rows": (
        list(range(12)),
        "regression: 12 different whole numbers",
        ("t",),
    ),
    "decimals": ([0.5, 1.5] * 6, "regression: 2 different numbers with decimals", ("t",)),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_task_of_one_column(name):
    values, said, names = FOUND[name]
    task = task_of(np.array(values), ["t"])
    assert (task.said(), task.names) == (said, names)


COLUMNS = {
    "0 and 1 each": ([[0, 1], [1, 1]] * 6, "multi-label, 2 labels: each column is 0 or 1"),
    "an empty set among them": (
        [[0, 0], [1, 0], [0, 1]] * 4,
        "multi-label, 2 labels: each column is 0 or 1",
    ),
    "a single 1 each": (
        [[0, 1], [1, 0]] * 6,
        "binary, 2 classes: each row has a single 1 among its columns (else --task multi-label)",
    ),
    "quantities": ([[0.5, 3], [1, 2]] * 6, "regression, 2 outputs: 2 columns of numbers"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_task_of_several_columns(name):
    values, said = COLUMNS[name]
    task = task_of(np.array(values), ["u", "v"])
    assert (task.said(), task.names) == (said, ("u", "v"))


def test_a_single_1_each_are_classes_unless_the_person_says_labels():
    values = np.eye(3)[[0, 2, 1, 1]]
    classes, labels = task_of(values, "abc"), task_of(values, "abc", "multi-label")
    assert classes.encoded(values).tolist() == [0, 2, 1, 1]
    assert labels.encoded(values).tolist() == values.tolist()


def test_a_class_without_an_example_is_refused():
    with pytest.raises(BadData, match="no example is of the class 'c'"):
        task_of(np.eye(3)[[0, 1, 1, 0]], "abc")


@pytest.mark.parametrize(
    ("values", "message"),
    [([[1, 0, 0], [1, 1, 0]], "row 2: not a single 1"), ([[1, 0]], "not 3 columns")],
)
def test_columns_to_judge_by_are_as_in_training(values, message):
    task = task_of(np.eye(3)[[0, 1, 2]], "abc")
    assert task.encoded(np.array([[0, 0, 1], [0, 0, 1]])).tolist() == [2, 2]
    with pytest.raises(BadData, match=message):
        task.encoded(np.array(values))


def test_sets_of_labels_empty_ones_too():
    task = task_of(sets(["b", "a"], [], {"c"}), ["t"])
    assert (task.kind, task.names) == ("multi-label", ("a", "b", "c"))
    assert task.encoded(sets([], ["c", "a"])).tolist() == [[0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize(
    ("texts", "separator"),
    [
        (["u;v", "", "v"], ";"),
        (["u, v", " ", "v,"], ","),
        (["u|v", "", "v"], "|"),
        (["u,x;v", "", "v"], ";"),
    ],
)
def test_labels_in_a_text_are_separated_only_if_the_person_says_so(texts, separator):
    values = sets(*texts)
    task = task_of(values, ["t"], "multi-label")
    assert (task.separator, task.names[-1]) == (separator, "v")
    assert task.encoded(values).tolist() == [[1, 1], [0, 0], [0, 1]]
    assert task_of(sets(*texts * 2), ["t"]).kind == "multi-class"


def test_labels_that_are_numbers_in_a_text():
    task = task_of(sets("1;2", "2"), ["t"], "multi-label")
    assert task.encoded(sets("1", "1;2")).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize(
    ("values", "kind", "outputs"),
    [
        (list(range(60)) * 2, "multi-class", 60),
        ([0, 1] * 6, "regression", 1),
        ([0, 1] * 6, "multi-class", 2),
    ],
)
def test_the_person_may_say_another(values, kind, outputs):
    task = task_of(np.array(values), ["t"], kind)
    assert (task.kind, task.outputs, task.reason) == (kind, outputs, "as you say")


def test_quantities_come_back_in_their_units():
    values = np.random.default_rng(0).normal(1e6, 3.0, (50, 2))
    task = task_of(values, ["u", "v"])
    encoded = task.encoded(values)
    assert np.allclose(encoded.numpy().std(0), 1)
    assert np.allclose(task.quantities(encoded), values, rtol=0, atol=1e-4)


def test_a_row_is_named_as_the_reader_names_it():
    task = task_of(np.array(["a", "b"] * 4), ["t"])
    with pytest.raises(BadData, match=r"d\.csv, line 7: 'x' is none of the 2 classes"):
        task.encoded(np.array(["a", "x"]), lambda row: f"d.csv, line {6 + row}")


def test_several_columns_of_sets_are_as_many_as_in_training():
    task = task_of(np.array([[0, 1], [1, 1]]), ["u", "v"])
    with pytest.raises(BadData, match="not 2 columns of 0 and 1"):
        task.encoded(np.ones((3, 3)))


texts = st.text(min_size=1, max_size=3)


@pytest.mark.parametrize("kind", [None, "multi-class", "multi-label"])
@pytest.mark.parametrize("mix", [(1, True), (True, 1), (False, 5), (0, "0", True)])
def test_truth_and_numbers_are_not_classes_of_one_task(mix, kind):
    values = [{each} for each in mix] if kind == "multi-label" else mix
    with pytest.raises(BadData, match="the targets mix True or False with numbers"):
        task_of(sets(*values * 6), ["t"], kind)


@settings(max_examples=20)
@given(
    (
        st.lists(texts | st.integers(-5, 5), min_size=2, max_size=6, unique_by=str)
        | st.lists(texts | st.booleans(), min_size=2, max_size=6, unique_by=str)
    ).flatmap(lambda few: st.permutations(few * 3))
)
def test_classes_survive_json_and_come_back(values):
    targets = (
        targets_of(values)[0] if all(isinstance(each, str) for each in values) else sets(*values)
    )
    assume(len({str(each) for each in targets}) > 1)
    task = task_of(targets, ["t"], "multi-class")
    record = json.loads(json.dumps(asdict(task)))
    again = Task(**{name: tuple(v) if isinstance(v, list) else v for name, v in record.items()})
    assert again == task
    numbers = again.encoded(targets)
    assert numbers.dtype == torch.int64
    assert [task.names[number] for number in numbers] == list(values)


@pytest.mark.parametrize(
    ("targets", "hint"),
    [
        (
            ["red|big", "red", "big|old", "big|red"] * 5,
            "(labels separated by '|'? --task multi-label)",
        ),
        (["50%", "20%", "7%"] * 9, "(amounts? write bare numbers)"),
        ([*range(12)] * 4, "(counts? --task regression)"),
        ([*range(10)] * 4, ""),
        (["a", "b, c"] * 9, ""),
    ],
)
def test_what_looks_like_another_task_is_said(targets, hint):
    reason = task_of(np.array(targets), ("y",)).reason
    assert reason.endswith(hint)
    assert ("?" in reason or "write" in reason) == bool(hint)
