import pytest

from unstuck.checks import NotChecked
from unstuck.checks.initial_loss_off import initial_loss_off

from .sample import facts, loss_call, numbers, optimizer, series, target

BINARY = "binary_cross_entropy_with_logits"
RARE = {"loss": 0.098, "what": "targets are 1 in 2.0% of the cases", "targets": 3200}


def found(target, site, **families):
    return initial_loss_off(facts(targets=[target], loss_calls=[site], **families))


def test_fires_on_saturated_logits():
    site = loss_call(values=series([9.2, 5.0, 3.0]))
    [finding] = found(target(first_prediction=7.0), site)
    assert finding.severity == "warning"
    assert finding.message == (
        "the first loss is 9.2, 4 times that of guessing by frequency (2.3, ln 10); the logits have a "
        "root mean square of 7"
    )


def test_a_zero_bias_for_a_rare_class_is_a_note():
    site = loss_call(BINARY, values=series([0.69, 0.4]), constant=RARE)
    [finding] = found(target(BINARY, kind="binary", counts=[980, 20]), site)
    assert finding.severity == "note"
    assert finding.remedies == ("output-bias-to-prior",)


@pytest.mark.parametrize("first", [2.3, 2.5, 4.6, 6.8])
def test_stays_quiet(first):
    assert found(target(first_prediction=7.0), loss_call(values=series([first, 2.0]))) == []


def test_labels_of_a_tenth_are_healthy():
    tenth = {"loss": 0.325, "what": "targets are 1 in 10.0% of the cases", "targets": 3200}
    site = loss_call(BINARY, values=series([0.69, 0.5]), constant=tenth)
    assert found(target(BINARY, kind="multi-hot", counts=[640] * 10), site) == []


@pytest.mark.parametrize(
    "changes", [{"weighted": True}, {"kind": "soft"}, {"made": True}, {"function": "mse_loss"}]
)
def test_what_cannot_be_compared_is_not_judged(changes):
    with pytest.raises(NotChecked):
        found(target(**changes), loss_call(values=series([99.0])))


def test_a_line_seen_only_later_is_not_judged():
    site = loss_call(values=[[7, 99.0]], first_step=7)
    with pytest.raises(NotChecked):
        found(target(first_step=7), site)


def test_adversaries_are_not_judged():
    with pytest.raises(NotChecked, match="take turns"):
        found(target(), loss_call(), optimizers=[optimizer(), optimizer()])


VARIANCE = {"loss": 1.0, "what": "variance of the targets", "targets": 3200}


def test_a_regression_that_starts_far_from_its_targets():
    site = loss_call("mse_loss", values=series([2.2e4, 1.9e4]), constant=VARIANCE)
    [finding] = found(numbers(first_prediction=150.0), site)
    assert finding.severity == "warning"
    assert "22000 times the variance of the targets" in finding.message
    assert finding.remedies == ("redraw-initialisation",)


def test_targets_far_from_zero_are_another_matter():
    site = loss_call("mse_loss", values=series([2.2e4, 1.9e4]), constant=VARIANCE)
    with pytest.raises(NotChecked):
        found(numbers(mean=150.0, first_prediction=0.1), site)
