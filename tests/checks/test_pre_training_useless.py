import pytest

from unstuck.checks import NotChecked
from unstuck.checks.pre_training_useless import pre_training_useless

from .sample import arm, facts, trials


def found(*scores, before=(0.5, 0.5, 0.5), **changes):
    fresh = arm("fresh-start", *scores, **changes)
    return pre_training_useless(facts(trials=trials(arm("unchanged", *before), fresh)))


def test_fires():
    [finding] = found(0.6, 0.55, 0.65)
    assert finding.severity == "note"
    assert finding.message == (
        "what was learned before the training does not help: with fresh weights the score is 0.60 instead of "
        "0.50 after 100 steps, with each of 3 seeds, on rows kept back"
    )


@pytest.mark.parametrize("scores", [(0.1,), (0.6, 0.55, 0.45), (0.5, 0.5, 0.5)])
def test_stays_quiet_where_it_helps_or_does_not_matter(scores):
    assert found(*scores) == []


def test_a_run_that_learns_nothing_either_way_says_nothing():
    assert found(0.1, 0.1, 0.1, before=(0.0, 0.0, 0.0)) == []


def test_without_loaded_weights_it_is_not_checked():
    with pytest.raises(NotChecked, match="no weights were loaded"):
        found(stopped="no weights were loaded before the training")


def test_one_seed_proves_nothing():
    with pytest.raises(NotChecked, match="only 1 of 3 seeds"):
        found(0.6)
