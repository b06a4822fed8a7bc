import pytest

from unstuck.checks import NotChecked
from unstuck.checks.labels_look_random import labels_look_random

from .sample import arm, facts, flat, loss_call, trials, verdict

RANDOM = arm("unchanged", -0.05, 0.02, -0.04, losses=flat(0.2))
SHUFFLED = arm("shuffled-labels", 0.0, -0.03, 0.01, losses=flat(0.7))


def found(*arms, **changes):
    made = trials(*(arms or (RANDOM, SHUFFLED)), **changes)
    return labels_look_random(facts(trials=made, loss_calls=[loss_call()]))


def test_fires():
    [finding] = found()
    assert (finding.severity, finding.location.line) == ("warning", 7)
    assert finding.message == (
        "the labels look random: learned as they are, the score on rows kept back is -0.02, and -0.01 if "
        "they are shuffled, after 100 steps with each of 3 seeds, while the training loss falls to 0.2"
    )


def test_fires_where_a_lower_rate_only_learns_less_by_heart():
    """It gains .1 by that, and is confirmed."""
    by_heart = arm("unchanged", -0.1, -0.1, -0.1, losses=flat(0.1))
    lower = arm("lower-learning-rate", 0.0, 0.01, -0.01, losses=flat(0.69))
    assert len(found(by_heart, SHUFFLED, lower, verdicts=[verdict("lower-learning-rate")])) == 1


def test_stays_quiet_where_the_run_learns():
    learns = arm("unchanged", 0.6, 0.7, 0.6)
    assert found(learns, arm("shuffled-labels", 0.0)) == []


def test_stays_quiet_where_something_else_makes_it_learn():
    assert found(RANDOM, SHUFFLED, arm("scale-inputs", 0.5, 0.6, 0.5)) == []


def test_a_sham_that_scores_by_chance_is_nothing_else():
    assert len(found(RANDOM, SHUFFLED, arm("sham", 0.06, 0.05, 0.05))) == 1


@pytest.mark.parametrize(
    ("arms", "judged_on"),
    [
        ((RANDOM, SHUFFLED), "training batches"),
        ((RANDOM | {"losses": flat(0.69)}, SHUFFLED), "rows kept back"),  # just stuck
        ((arm("unchanged", -0.1, -0.1, -0.1, losses=flat(0.1)), SHUFFLED), "rows kept back"),
        ((RANDOM, arm("shuffled-labels")), "rows kept back"),
        ((RANDOM, arm("shuffled-labels", 0.0)), "rows kept back"),
        ((RANDOM,), "rows kept back"),
    ],
)
def test_says_why_it_cannot_tell(arms, judged_on):
    with pytest.raises(NotChecked):
        found(*arms, judged_on=judged_on)
