"""Successive halving, on functions instead of networks."""

import itertools
import math
import random

import pytest

from unstuck.trials.halving import (
    GRID,
    RUNGS,
    THOROUGH,
    UNTRAINED,
    end,
    falls,
    halve,
)


class Valley:
    """Losses that fall to what a rate is worth; above ``limit`` they are not finite."""

    def __init__(self, best=0.1, limit=math.inf):
        self.best, self.limit = best, limit
        self.asked = []
        self.steps = 0
        self.made = {}

    def train(self, rates, steps):
        self.asked.append((tuple(rates), steps))
        for rate in rates:
            if rate != UNTRAINED:
                self.steps += steps - self.made.get(rate, 0)
                self.made[rate] = steps
        return {rate: self.losses(rate, steps) for rate in rates}

    def losses(self, rate, steps):
        if rate == UNTRAINED:
            return (1.0,) * steps
        if rate > self.limit:
            return (1.0, math.nan)
        apart = abs(math.log10(rate / self.best))
        return tuple(1 - step / steps / (1 + apart) for step in range(steps))


def test_the_grid_is_half_decades_from_1e_5_to_10():
    assert len(GRID) == 13
    assert (GRID[0], GRID[-1]) == (1e-5, 10)
    assert 0.0032 in GRID
    assert all(3 < b / a < 3.3 for a, b in itertools.pairwise(GRID))


@pytest.mark.parametrize(("rungs", "steps"), [(RUNGS, 447), (THOROUGH, 900)])
def test_the_better_half_goes_on(rungs, steps):
    valley = Valley()
    found = halve(valley.train, rungs=rungs)
    assert [len(rates) - 1 for rates, _ in valley.asked] == [13, 7, 4, 2]
    assert [asked for _, asked in valley.asked] == list(rungs)
    assert valley.steps == steps
    assert found.choice == 0.1


@pytest.mark.parametrize("best", GRID)
def test_every_rate_of_the_grid_can_be_found(best):
    assert halve(Valley(best).train).choice == best


def test_everything_that_was_tried_is_kept():
    found = halve(Valley().train)
    assert found.rates == GRID
    assert sorted(map(len, found.losses)) == [12] * 6 + [25] * 3 + [50] * 2 + [100] * 2
    assert len(found.untrained) == 100


def test_what_diverges_comes_last_and_is_not_trained_on():
    valley = Valley(best=1.0, limit=0.001)
    found = halve(valley.train)
    assert found.choice == 0.001
    assert found.stable == (1e-5, 0.001)
    # Five of thirteen are finite: the better half is seven, but two of those diverged.
    assert [len(rates) - 1 for rates, _ in valley.asked] == [13, 5, 3, 2]


def test_if_all_diverge_nothing_is_chosen_and_nothing_more_is_asked():
    valley = Valley(limit=0.0)
    found = halve(valley.train)
    assert found.choice is None
    assert found.stable is None
    assert len(valley.asked) == 1


def test_a_lone_rate_and_a_lone_rung():
    found = halve(Valley().train, rates=[0.1], rungs=[12])
    assert (found.choice, found.stable) == (0.1, (0.1, 0.1))


def test_of_equals_the_lower_rate_is_taken():
    def train(rates, steps):
        return {rate: (1.0,) * steps if rate == UNTRAINED else (0.5,) * steps for rate in rates}

    assert halve(train).choice == GRID[0]


def test_rates_that_change_nothing_are_not_chosen():
    def train(rates, steps):
        return dict.fromkeys(rates, (1.0,) * steps)

    found = halve(train)
    assert found.choice is None
    assert found.falling == ()


def test_noise_that_differs_from_rate_to_rate_names_one_seldom():
    named = 0
    for seed in range(300):
        draw = random.Random(seed)
        made = {rate: [1 + draw.gauss(0, 0.1) for _ in range(100)] for rate in (UNTRAINED, *GRID)}

        def train(rates, steps, made=made):
            return {rate: tuple(made[rate][:steps]) for rate in rates}

        named += halve(train).choice is not None
    assert named <= 6


def test_the_stable_range_has_no_gap():
    fall = {0.0032, 0.01, 0.032, 1.0}

    def train(rates, steps):
        ends = {r: 0.5 if r in fall else 1.5 for r in GRID} | {UNTRAINED: 1.0, 0.01: 0.4}
        return {rate: (ends[rate],) * steps for rate in rates}

    found = halve(train)
    assert found.choice == 0.01
    assert found.stable == (0.0032, 0.032)
    assert set(found.falling) == fall


def test_end_is_the_mean_of_the_last_tenth():
    assert end([9.0] * 90 + [1.0] * 10) == 1.0
    assert end([9.0, 2.0]) == 2.0
    assert end([9.0] * 10 + [1.0, 3.0]) == 2.0


@pytest.mark.parametrize("losses", [[], [math.nan], [math.inf, 1.0], [1.0, -math.inf]])
def test_what_is_not_finite_or_empty_is_worst(losses):
    assert end(losses) == math.inf
    assert not falls(losses, [2.0] * len(losses))


def test_a_fall_is_seen_through_batches_that_differ():
    draw = random.Random(0)
    untrained = [draw.uniform(1, 9) for _ in range(12)]
    assert falls([loss - 0.001 * step for step, loss in enumerate(untrained)], untrained)
    assert not falls(untrained, untrained)
    assert not falls([loss + 0.001 for loss in untrained], untrained)


def test_losses_below_zero_are_as_good_as_others():
    assert falls([-1.0, -2.0, -3.0, -4.0], [-1.0] * 4)
    assert not falls([-1.0, -0.5, 0.0, 0.5], [-1.0] * 4)
