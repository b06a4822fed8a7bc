import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.records.series import BoundedSeries, falling, finite, last_part, rise

VALUES = st.floats(-1e3, 1e3)
ANY_FLOAT = st.floats(allow_nan=False, allow_infinity=False)


def obvious(count, limit):
    """The indices kept: every stride-th, for the smallest power of two that fits, and the newest."""
    stride = 1
    while len(range(0, count, stride)) > limit:
        stride *= 2
    kept = list(range(0, count, stride))
    return kept if not count or kept[-1] == count - 1 else [*kept, count - 1]


@given(st.integers(0, 300), st.integers(2, 20))
def test_keeps_what_the_obvious_way_keeps(count, limit):
    series = BoundedSeries(limit)
    for step in range(count):
        series.add(step, float(step))
    assert series.pairs() == [[step, float(step)] for step in obvious(count, limit)]


def test_a_million_steps_cost_the_memory_of_the_limit():
    series = BoundedSeries(64)
    for step in range(1_000_000):
        series.add(step, 1.0)
    pairs = series.pairs()
    assert len(pairs) <= 65
    assert (pairs[0][0], pairs[-1][0]) == (0, 999_999)


def test_what_was_handed_out_does_not_change():
    series = BoundedSeries()
    series.add(0, 1.0)
    before = series.pairs()
    series.add(1, 2.0)
    before.append([9, 9.0])
    assert series.pairs() == [[0, 1.0], [1, 2.0]]


def test_finite():
    assert finite([[0, 1.0], [1, math.nan], [2, math.inf], [3, -1.0]]) == [(0, 1.0), (3, -1.0)]


@pytest.mark.parametrize(
    ("count", "share", "kept"),
    [(0, 0.5, 0), (1, 0.5, 1), (9, 1 / 3, 3), (10, 1 / 3, 4), (3, 1.0, 3)],
)
def test_last_part(count, share, kept):
    pairs = [[step, float(step)] for step in range(count)]
    assert last_part(pairs, share) == [value for _, value in pairs][count - kept :]


def exact(pairs):
    """The t value of a least-squares line, in fractions, by the textbook."""
    xs, ys = ([Fraction(each) for each in column] for column in zip(*pairs, strict=True))
    n = len(xs)
    determinant = n * sum(x * x for x in xs) - sum(xs) ** 2
    slope = (n * sum(x * y for x, y in zip(xs, ys, strict=True)) - sum(xs) * sum(ys)) / determinant
    start = (sum(ys) - slope * sum(xs)) / n
    rest = sum((y - start - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    error = math.sqrt(rest / (n - 2) * n / determinant)
    return -float(slope) / error if error else math.inf


@given(st.lists(VALUES, min_size=16, max_size=60))
def test_falling_agrees_with_the_textbook(values):
    noise = [value + 40 * math.sin(7 * step) for step, value in enumerate(values)]
    pairs = [[step, value] for step, value in enumerate(noise)]
    part = pairs[len(pairs) // 2 :]
    assert falling(pairs) == pytest.approx(max(0.0, exact(part)), rel=1e-6, abs=1e-6)


def line(slope, noise=0.1, steps=200):
    return [[step, 5 + slope * step + noise * math.sin(7.3 * step)] for step in range(steps)]


@pytest.mark.parametrize(
    ("pairs", "least", "most"),
    [
        (line(-0.01), 3, math.inf),
        (line(0.0), 0, 3),
        (line(0.01), 0, 0),
        (line(-0.01, noise=0), 1e3, math.inf),
        ([[step, 5.0] for step in range(200)], 0, 0),
        ([[3, float(step)] for step in range(200)], 0, 0),
        (line(-0.01, steps=14), 0, 0),
        ([], 0, 0),
    ],
    ids=["falling", "flat", "rising", "exact", "constant", "one step", "short", "empty"],
)
def test_falling(pairs, least, most):
    assert least <= falling(pairs) <= most


@given(st.lists(st.tuples(st.integers(0, 10**9), ANY_FLOAT), min_size=16, max_size=40))
def test_falling_bears_any_finite_number(pairs):
    assert falling(pairs) >= 0


@pytest.mark.parametrize(
    ("values", "began"),
    [
        ([1.0] * 20 + [9.0, 80.0, math.inf], 20),
        ([1.0] * 20 + [9.0, 1.0], None),
        ([1.0, 50.0] + [1.0] * 20 + [math.nan], 22),
        ([1.0] * 10, None),
        ([1.0, 100.0], None),
        ([], None),
    ],
)
def test_rise_is_the_step_from_which_a_series_stays_high(values, began):
    assert rise(list(enumerate(values))) == began
