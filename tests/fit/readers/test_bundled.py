"""scikit-learn's data by name."""

import pytest

from unstuck.errors import UsageError
from unstuck.fit.readers import Wish, read


@pytest.mark.parametrize(
    ("name", "shape", "targets"),
    [
        ("breast_cancer", (569, 30), ("target",)),
        ("diabetes", (442, 10), ("target",)),
        ("digits", (1797, 64), ("target",)),
        ("iris", (150, 4), ("target",)),
        ("linnerud", (20, 3), ("Weight", "Waist", "Pulse")),
        ("wine", (178, 13), ("target",)),
    ],
)
def test_all_of_them(name, shape, targets):
    examples = read(name, Wish())
    assert examples.inputs.values.shape == shape
    assert len(examples.inputs.names) == shape[1]
    assert examples.target_names == targets
    assert len(examples.targets) == shape[0]


def test_classes_have_their_names():
    assert set(read("iris", Wish()).targets) == {"setosa", "versicolor", "virginica"}
    assert set(read("digits", Wish()).targets) == set(range(10))


def test_another_target_is_not_there():
    with pytest.raises(UsageError, match="iris has its own target"):
        read("iris", Wish(("petal",)))


def test_a_file_of_that_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").mkdir()
    with pytest.raises(Exception, match="iris"):
        read("iris", Wish())
