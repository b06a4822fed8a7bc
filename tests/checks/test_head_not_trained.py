import pytest

from unstuck.checks import NotChecked
from unstuck.checks.head_not_trained import head_not_trained

from .sample import arm, facts, optimizer, trials


def found(*scores, margin=0.08, **changes):
    made = trials(
        arm("unchanged", 0.2, 0.3, 0.4), arm("head-first", *scores, **changes), margin=margin
    )
    return head_not_trained(facts(trials=made, optimizers=[optimizer()]))


def test_fires():
    [finding] = found(0.6, 0.7, 0.8)
    assert finding.severity == "warning"
    assert finding.message == (
        "the last layer is not trained first: if only it is trained, "
        "the score is 0.70 instead of 0.30 after 100 steps, with each of 3 seeds, on rows kept back"
    )


@pytest.mark.parametrize("scores", [(0.2, 0.3, 0.4), (0.27, 0.37, 0.47), (0.6, 0.7, 0.4), (0.1,)])
def test_stays_quiet_where_it_gains_too_little(scores):
    assert found(*scores) == []


def test_a_gain_within_what_a_sham_moves_is_none():
    assert found(0.6, 0.7, 0.8, margin=0.5) == []


def test_without_loaded_weights_it_is_not_checked():
    with pytest.raises(NotChecked, match="no weights were loaded"):
        found(stopped="no weights were loaded before the training")


def test_one_seed_proves_nothing():
    with pytest.raises(NotChecked, match="only 1 of 3 seeds"):
        found(0.6)
