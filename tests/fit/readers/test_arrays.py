"""Arrays, tensors, lists, .npy and .npz as examples."""

import numpy as np
import pytest
import torch

from unstuck.fit.readers import Wish, arrays, read

X = np.arange(12.0).reshape(6, 2)
Y = [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    "data",
    [
        X,
        X.tolist(),
        X.astype(np.float32),
        torch.tensor(X),
        torch.tensor(X, dtype=torch.bfloat16),
        [*X],
    ],
)
def test_the_same_rows_however_they_are_held(data):
    examples = read(data, Wish(), Y)
    assert examples.inputs.values.tolist() == X.tolist()
    assert examples.targets.tolist() == Y


def test_a_tensor_that_learns_and_tensors_in_a_list():
    assert read(torch.tensor(X, requires_grad=True), Wish(), Y).inputs.values.tolist() == X.tolist()
    assert read([*torch.tensor(X)], Wish(), Y).inputs.values.tolist() == X.tolist()


def test_none_is_a_missing_number():
    values = read([[1, None], [2, 3]] * 3, Wish(), Y).inputs.values
    assert np.isnan(values[0, 1])
    assert values[1].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("shape", "read_as"),
    [
        ((6,), (6, 1)),
        ((6, 5), (6, 5)),
        ((6, 8, 9), (6, 1, 8, 9)),
        ((6, 3, 8, 9), (6, 3, 8, 9)),
        ((6, 8, 9, 3), (6, 3, 8, 9)),
        ((6, 3, 9, 3), (6, 3, 9, 3)),
    ],
)
def test_rows_have_two_dimensions_and_images_four(shape, read_as):
    assert read(np.ones(shape), Wish(), Y).inputs.values.shape == read_as


@pytest.mark.parametrize(
    ("y", "targets", "names"),
    [
        (Y, Y, ("target",)),
        (np.array(Y)[:, None], Y, ("target",)),
        ([[each] for each in Y], Y, ("target",)),
        (torch.tensor(Y), Y, ("target",)),
        (["a", None, "b"] * 2, ["a", "b"] * 2, ("target",)),
        (["a", float("nan"), "b"] * 2, ["a", "b"] * 2, ("target",)),
        ([1, None, 2] * 2, [1, 2] * 2, ("target",)),
        ([[0, 1], [1, 1]] * 3, [[0, 1], [1, 1]] * 3, ("target 1", "target 2")),
        (np.ones((6, 2)), [[1, 1]] * 6, ("target 1", "target 2")),
    ],
)
def test_targets(y, targets, names):
    examples = read(X, Wish(), y)
    assert (examples.targets.tolist(), examples.target_names) == (targets, names)


@pytest.mark.parametrize(
    "y",
    [
        [["a"], [], ["a", "b"]],
        [("a",), (), ("a", "b")],
        [{"a"}, set(), {"a", "b"}],
        [["a"], ["b"], ["c"]],
    ],
)
def test_sets_of_labels(y):
    targets = read(X[:3], Wish(), y).targets
    assert [sorted(each) for each in targets] == [sorted(each) for each in y]


def test_a_file_is_mapped_and_never_copied_whole(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", np.array(Y))
    examples = read(tmp_path / "x.npy", Wish(labels=tmp_path / "y.npy"))
    assert isinstance(examples.inputs.values, np.memmap)
    assert not examples.inputs.values.flags.writeable
    assert examples.inputs.values.tolist() == X.tolist()
    assert examples.targets.tolist() == Y
    assert examples.place(1) == f"{tmp_path / 'x.npy'}, row 2"


@pytest.mark.parametrize(
    "values", [np.asfortranarray(X), X.astype(">f4"), X.astype(np.uint8), X > 3]
)
def test_files_of_other_orders_and_kinds(tmp_path, values):
    np.save(tmp_path / "x.npy", values)
    found = read(tmp_path / "x.npy", Wish(), Y).inputs.values
    assert found.tolist() == values.tolist()
    assert isinstance(found, np.memmap)


def test_rows_without_a_target_leave_a_mapped_array(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", X)
    examples = read(tmp_path / "x.npy", Wish(), [0, None, 1, 1, 0, 0])
    assert examples.inputs.values[:, 0].tolist() == [0, 4, 6, 8, 10]
    assert examples.place(1) == f"{tmp_path / 'x.npy'}, row 3"
    monkeypatch.setattr("unstuck.fit.limits.room", lambda: 10)
    with pytest.raises(arrays.BadData, match="cannot be left out of a mapped array of 96 bytes"):
        read(tmp_path / "x.npy", Wish(), [0, None, 1, 1, 0, 0])


@pytest.mark.parametrize(
    "names", [("x", "y"), ("X", "Y"), ("data", "target"), ("x_train", "y_train")]
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives(tmp_path, names, save):
    save(tmp_path / "d.npz", **{names[0]: np.asfortranarray(X), names[1]: Y, "more": [1]})
    examples = read(tmp_path / "d.npz", Wish())
    assert examples.inputs.values.tolist() == X.tolist()
    assert examples.targets.tolist() == Y
    assert examples.notes == ("not read: more",)


def test_to_predict_for_no_targets_are_needed():
    assert read(X, Wish(predicting=True)).targets is None


def test_infinite_values_are_looked_for_block_by_block(monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 40)
    values = X.copy()
    values[4, 1] = -np.inf
    with pytest.raises(arrays.BadData, match="row 5, feature 2: the value is infinite"):
        read(values, Wish(), Y)
