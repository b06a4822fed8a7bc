from math import inf, nan

import pytest

from unstuck.checks.non_finite_loss import non_finite_loss

from .sample import facts, failure, loss


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


def origin(**changes):
    made = {
        "operation": "log",
        "node": "LogBackward0",
        "layer": "net.fc2",
        "given": False,
        "minimum": 0.0,
        "maximum": 0.9,
        "rows": [5],
        "batch": 16,
    }
    return made | changes


def told(**changes):
    [finding] = non_finite_loss(facts(loss=loss([1.0] * 20 + [nan]), failure=failure(**changes)))
    return finding


def test_names_the_first_operation_the_layer_and_the_row():
    finding = told(began="loss", step=20, origin=origin())
    assert finding.message.endswith(
        "the first result that is not finite is that of the log behind net.fc2, in row 5 of the 16 "
        "of the batch"
    )
    assert finding.remedies[0] == "keep-in-domain"
    assert finding.evidence["smallest_entering"] == 0.0


def test_says_when_the_input_was_not_finite_already():
    finding = told(began="loss", step=20, origin=origin(given=True, rows=[1, 2]))
    assert "receives from outside is not finite already, in rows 1, 2" in finding.message
    assert finding.remedies == ("clean-inputs",)


def test_says_since_when_the_norms_grew():
    norms = [[step, 1.0 if step < 15 else 10.0**step] for step in range(20)]
    finding = told(began="weights", step=20, broken=["net.w"], broken_count=3, gradient_norms=norms)
    assert "before it net.w and 2 more had weights that are not finite" in finding.message
    assert finding.message.endswith("the norm of the gradients had been growing since step 15")


def test_a_gradient_that_failed_first_names_the_steep_operation():
    finding = told(began="gradient", step=19, broken=["net.w"], broken_count=1, suspects=["norm"])
    assert "at step 19 the loss was finite and the gradient of net.w was not" in finding.message
    assert "(the derivative of norm can be infinite)" in finding.message
    assert finding.remedies[0] == "keep-in-domain"
