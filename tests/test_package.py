"""What ``import unstuck`` offers."""

import pytest

import unstuck


def test_watch_is_listed_and_there():
    assert {"watch", "__version__"} <= set(dir(unstuck))
    assert callable(unstuck.watch)


def test_other_names_are_missing_as_usual():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = unstuck.nothing
