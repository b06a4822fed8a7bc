import pytest

from unstuck.checks.eval_mode_in_training import eval_mode_in_training

from .sample import facts, mode

QUIET = {"quiet_since": 63, "quiet_steps": 137}


def found(**changes):
    return eval_mode_in_training(facts(modes=[mode(**changes)]))


def test_fires():
    [finding] = found(**QUIET)
    assert (finding.at, finding.severity) == (63, "warning")
    assert "in all 137 training steps from step 63 on" in finding.message
    assert "1 dropout layers and 1 batch normalisations" in finding.message
    assert str(finding.location) == "train.py:7"


def test_fires_from_the_start():
    [finding] = found(quiet_since=0, quiet_steps=200, batch_norm=[])
    assert "from the start: 1 dropout layers" in finding.message


@pytest.mark.parametrize(
    "healthy",
    [
        {},
        {**QUIET, "quiet_steps": 5},
        {**QUIET, "dropout": [], "batch_norm": []},
        {**QUIET, "trainable": 300, "optimized": 300},
        {**QUIET, "optimized": 0},
        {**QUIET, "numel": 0, "optimized": 0},
    ],
    ids=["training", "an attack", "no noise", "fine-tuning", "pictures are optimized", "empty"],
)
def test_stays_quiet(healthy):
    assert found(**healthy) == []


def test_options():
    few = facts(modes=[mode(quiet_since=0, quiet_steps=5)])
    assert len(eval_mode_in_training(few, steps=5)) == 1
