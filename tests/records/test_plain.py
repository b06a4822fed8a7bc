import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.records import plain

NUMBERS = st.integers() | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["$float", "$$float"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def strict(text):
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize(
    ("value", "name"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")]
)
def test_numbers_that_json_lacks(value, name):
    text = plain.dumps({"nested": [{"loss": (value, 1.5)}]})
    assert strict(text) == {"nested": [{"loss": [{"$float": name}, 1.5]}]}
    assert str(plain.loads(text)["nested"][0]["loss"][0]) == name


@given(VALUES)
def test_what_was_written_is_read(value):
    text = plain.dumps(value)
    strict(text)
    # repr, because NaN does not equal itself and True equals 1
    assert repr(plain.loads(text)) == repr(value)


@pytest.mark.parametrize(
    "text", ["\x00", "\u2028", "</script>", '"', "\\", "\ud800", "\x1b[31m", "\U0001f9e0"]
)
def test_hostile_text_survives_and_is_ascii(text):
    written = plain.dumps({text: text})
    assert written.isascii()
    assert plain.loads(written) == {text: text}


def test_a_dictionary_that_looks_like_a_number_stays_a_dictionary():
    for value in ({"$float": "nan"}, {"$float": 1}, {"$$float": "nan"}, {"$": 0}):
        assert plain.loads(plain.dumps(value)) == value


def test_tuples_come_back_as_lists_and_keys_as_text():
    assert plain.loads(plain.dumps({1: (2, (3,))})) == {"1": [2, [3]]}


@pytest.mark.parametrize(
    "text",
    ["", "{", "NaN-", '{"$float": "9"}', '{"$float": []}', '{"$float": {}}', "[" * 100_000],
    ids=lambda text: text[:12],
)
def test_other_text_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - json and this module both raise it
        plain.loads(text)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ValueError):  # noqa: PT011
        plain.loads(b"\xff\xfe\xff")
