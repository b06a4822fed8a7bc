from math import inf, nan

import pytest

from unstuck.checks.non_finite_loss import non_finite_loss

from .sample import facts, loss


@pytest.mark.parametrize(
    ("values", "at"), [([1.0, nan], 1), ([inf], 0), ([3.0, -inf, nan], 1), ([nan] * 300, 0)]
)
def test_fires(values, at):
    [finding] = non_finite_loss(facts(loss=loss(values)))
    assert (finding.at, finding.severity) == (at, "error")
    assert f"from step {at} on" in finding.message


@pytest.mark.parametrize("values", [[], [1.0], [1e30, 1e-30], [-1e30, 0.0]])
def test_stays_quiet(values):
    assert non_finite_loss(facts(loss=loss(values))) == []


def test_tolerates_the_steps_a_gradient_scaler_skips():
    skipping = facts(loss=loss([inf, 2.0, 1.0]))
    assert non_finite_loss(skipping, tolerated=1) == []
    assert non_finite_loss(skipping, tolerated=0) != []


def test_a_loss_that_recovers_is_a_warning():
    [finding] = non_finite_loss(facts(loss=loss([2.0, nan, inf, 1.0])))
    assert finding.severity == "warning"
    assert finding.message.endswith(
        "at step 1, not finite 2 times in all; the newest loss is finite again"
    )


def test_says_that_the_loss_grew_before():
    [finding] = non_finite_loss(facts(loss=loss([2.0, 50.0, 1e9, inf])))
    assert finding.message.endswith("infinite from step 3 on, after growing from 2 to 1e+09")
    assert finding.evidence == {"steps": [3], "count": 1, "last_finite": 1e9}


def test_a_loss_that_did_not_grow_is_not_said_to_have_grown():
    [finding] = non_finite_loss(facts(loss=loss([2.0, 1.0, nan])))
    assert "growing" not in finding.message


def test_counts_steps_that_it_does_not_list():
    [finding] = non_finite_loss(facts(loss=loss([nan] * 7)))
    assert finding.evidence["steps"] == [0, 1, 2, 3, 4]
    assert finding.evidence["count"] == 7
