"""Verdicts: what the values of several seeds say of a prediction made beforehand."""

import math

import numpy as np
import pytest
from scipy import stats

from unstuck.questions._lab import Lab, Prediction, interval, verdict


def above(low):
    return Prediction("accuracy", "accuracy", low=low)


@pytest.mark.parametrize(
    ("values", "low", "word"),
    [
        ([0.9, 0.91, 0.92], 0.8, "supported"),
        ([0.9, 0.91, 0.92], 0.95, "refuted"),
        ([0.7, 0.9, 0.95], 0.8, "inconclusive"),
        ([0.9, 0.9, 0.9], 0.9, "supported"),
        ([0.9, 0.9], 0.1, "inconclusive"),
        ([0.9], 0.1, "inconclusive"),
        ([], 0.1, "inconclusive"),
        ([0.9, math.nan, 0.9], 0.1, "inconclusive"),
    ],
)
def test_a_verdict_needs_the_whole_interval(values, low, word):
    assert verdict(above(low), values) == word


def test_what_a_small_experiment_cannot_settle_is_illustrated_at_best():
    limited = Prediction("accuracy", "accuracy", low=0.5, limit="it is a toy")
    assert verdict(limited, [0.9, 0.9, 0.9]) == "illustrated"
    assert verdict(limited, [0.1, 0.1, 0.1]) == "refuted"


def test_between_two_bounds_both_count():
    within = Prediction("ratio", "ratio", 0.5, 2.0)
    assert verdict(within, [1.0, 1.1, 1.2]) == "supported"
    assert verdict(within, [3.0, 3.1, 3.2]) == verdict(within, [0.1, 0.11, 0.1]) == "refuted"


def test_the_interval_is_students():
    values = np.random.default_rng(0).normal(size=5).tolist()
    wanted = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert interval(values) == pytest.approx((wanted.low, wanted.high))


@pytest.mark.parametrize("bounds", [(-math.inf, math.inf), (2.0, 1.0), (math.nan, 1.0)])
def test_a_prediction_that_says_nothing_is_refused(bounds):
    with pytest.raises(ValueError, match="says nothing"):
        Prediction("accuracy", "accuracy", *bounds)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.9, math.inf, "at least 0.9"),
        (-math.inf, 0.1, "at most 0.1"),
        (0.7, 1.4, "0.7 to 1.4"),
        (0, 0, "0"),
    ],
)
def test_bounds_in_words(low, high, words):
    assert Prediction("x", "x", low, high).bounds == words


def test_the_lab_tells_how_far_it_is():
    heard = []
    lab = Lab((0,), lambda doing, share: heard.append((doing, share)))
    assert list(lab.track("ab", "reading")) == ["a", "b"]
    assert list(lab.track(iter("ab"), "reading", 4)) == ["a", "b"]
    shares = [0.0, 0.5, 1.0, 0.0, 0.25, 0.5]
    assert heard == [("reading", share) for share in shares]
