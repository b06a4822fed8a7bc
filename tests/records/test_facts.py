import copy
import pickle

import pytest

from unstuck.records import Facts, Location

FACTS = Facts({"loss": {"values": [[0, 1.0]]}}, {"units": "no layer was seen"})


def test_a_family_is_an_attribute():
    assert FACTS.loss["values"] == [[0, 1.0]]


def test_a_family_that_was_not_recorded_is_none():
    assert FACTS.units is None
    assert Facts().loss is None


def test_private_names_are_no_families():
    with pytest.raises(AttributeError):
        _ = FACTS._loss


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))]
)
def test_facts_can_be_copied(copied):
    assert copied(FACTS) == FACTS


def test_a_location_reads_what_the_facts_keep():
    place = {"file": "train.py", "line": 3, "code": "x = 1"}
    assert Location.of(place) == Location("train.py", 3, "x = 1")
    assert str(Location.of({"file": "a.py", "line": 7})) == "a.py:7"
    assert Location.of(None) is None
