"""Arrays of numbers as tensors."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from unstuck.errors import BadData
from unstuck.fit import encoders
from unstuck.fit.encoders import numbers
from unstuck.fit.examples import Arrays

ALL = np.arange(200)


def normal(rows=200, features=3):
    return np.random.default_rng(0).normal(5.0, 3.0, (rows, features))


def encoded(values, of=None):
    values = np.asarray(values, dtype=float)
    fitted_on = values if of is None else np.asarray(of, dtype=float)
    encoder = numbers.fitted(Arrays(fitted_on), np.arange(len(fitted_on)))
    [found] = encoder.encoded(Arrays(values), np.arange(len(values)))
    return found.double().numpy()


def test_features_are_standardised():
    found = encoded(normal())
    assert np.allclose(found.mean(0), 0, atol=1e-6)
    assert np.allclose(found.std(0), 1, atol=1e-6)


def test_by_the_training_rows_alone():
    values = normal()
    encoder = numbers.fitted(Arrays(values), ALL[:100])
    assert encoder.center == pytest.approx(values[:100].mean(0))


def test_one_broken_value_does_not_flatten_the_others():
    values = normal()
    broken = values.copy()
    broken[7, 1] = 1e12
    good, found = encoded(values), encoded(broken)
    others = np.delete(ALL, 7)
    assert np.abs(found[others] - good[others]).max() < 0.5
    assert np.abs(found).max() <= numbers.FARTHEST


def test_a_rare_feature_is_not_taken_for_broken():
    values = np.zeros((1000, 1))
    values[:3] = 1.0
    found = encoded(values)
    assert found[0] > 10 > found[500]


def test_what_is_missing_is_the_mean_and_said():
    values = normal()
    values[::4, 1] = np.nan
    found = encoded(values)
    assert found.shape == (200, 4)
    assert (found[::4, 1] == 0).all()
    assert found[:, 3].tolist() == [1.0 if row % 4 == 0 else 0.0 for row in range(200)]


def test_what_was_never_missing_in_training_may_be_later():
    found = encoded([[np.nan, 5.0, 5.0]], of=normal())
    assert found.shape == (1, 3)
    assert found[0, 0] == 0


def test_constant_and_empty_features_are_zero():
    values = normal()
    values[:, 0], values[:, 1] = 1e6, np.nan
    found = encoded(values)
    assert (found[:, :2] == 0).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float16, bool])
def test_numbers_of_any_kind(kind):
    values = (np.arange(20).reshape(10, 2) % 3).astype(kind)
    assert encoded(values) == pytest.approx(encoded(values.astype(float)))


def test_an_infinite_value_is_named():
    values = normal(10)
    values[4, 2] = np.inf
    with pytest.raises(BadData, match="row 5, width: the value is infinite"):
        numbers.fitted(Arrays(values, ("a", "b", "width")), np.arange(10))


tables = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.floats(allow_infinity=False, width=64),
)


@given(tables)
def test_whatever_the_numbers_they_are_finite_and_survive_json(values):
    inputs, rows = Arrays(values), np.arange(len(values))
    encoder = encoders.encoder_of(inputs, rows)
    again = encoders.again(json.loads(json.dumps(encoders.kept(encoder))))
    [found] = encoder.encoded(inputs, rows)
    assert found.isfinite().all()
    assert found.shape == (len(values), encoder.shape.numbers)
    assert torch.equal(again.encoded(inputs, rows)[0], found)
    assert again == encoder
