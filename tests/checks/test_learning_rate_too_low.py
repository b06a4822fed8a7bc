import pytest

from unstuck.checks import NotChecked
from unstuck.checks.learning_rate_too_low import learning_rate_too_low

from .sample import arm, facts, flat, optimizer, trials, verdict

REMEDY = "raise-learning-rate"
BEFORE = arm("unchanged", 0.0, 0.02, -0.02, losses=flat(0.7))
AFTER = arm(REMEDY, 0.6, 0.7, 0.8, change="learning rate 0.0001 to 0.03")


def found(*arms, optimizers=(optimizer(),), **changes):
    changes.setdefault("verdicts", [verdict(REMEDY)])
    made = trials(*(arms or (BEFORE, AFTER)), **changes)
    return learning_rate_too_low(facts(trials=made, optimizers=list(optimizers)))


def test_fires():
    [finding] = found()
    assert finding.severity == "error"
    assert finding.location.line == 5
    assert finding.message == (
        "the learning rate is too low: replayed with another one (learning rate 0.0001 to 0.03) the score is "
        "0.70 instead of 0.00 after 100 steps, with each of 3 seeds, on rows kept back"
    )


def test_fires_where_the_loss_diverged():
    """Then the replays leave it out."""
    [finding] = found(BEFORE | {"losses": [[[0, 0.7]], [], [[0, 0.7]]]}, AFTER)
    assert finding.evidence["loss_at_end"] is None


@pytest.mark.parametrize("status", ["rejected", "unclear"])
def test_stays_quiet_where_it_is_not_confirmed(status):
    assert found(verdicts=[verdict(REMEDY, status)]) == []


def test_stays_quiet_where_another_rate_was_not_better():
    assert found(BEFORE, verdicts=[]) == []


def test_stays_quiet_where_something_more_specific_wins():
    assert found(verdicts=[verdict("scale-inputs"), verdict(REMEDY)]) == []


def test_less_learned_by_heart_is_no_better_rate():
    """Random labels, or overfitting: the score rises to that of a constant, the training loss as well."""
    assert found(arm("unchanged", -0.1, -0.1, -0.1), AFTER | {"losses": flat(0.69)}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"verdicts": [], "remarks": ["not everything was tried"]},
        {"verdicts": [verdict(REMEDY, "not judged", reason="not within the budget")]},
        {"optimizers": []},
    ],
)
def test_says_why_it_cannot_tell(changes):
    with pytest.raises(NotChecked):
        found(**changes)
