import pytest

from unstuck.checks import NotChecked
from unstuck.checks.frozen_batch_norm_drift import frozen_batch_norm_drift

from .sample import batch_norm, facts, mode


def found(*layers, **options):
    return frozen_batch_norm_drift(facts(modes=[mode(batch_norm=list(layers))]), **options)


def test_fires():
    worst = batch_norm("model.bn2", drift=0.94, frozen_updates=60)
    [finding] = found(batch_norm(drift=0.4, frozen_updates=60), worst)
    assert finding.severity == "warning"
    assert "model.bn2 (and of 1 more) moved by 0.94 standard deviations in 60" in finding.message


@pytest.mark.parametrize(
    "layer",
    [
        batch_norm(),
        batch_norm(drift=0.04, frozen_updates=60),
        batch_norm(drift=2.0, frozen_updates=60, fresh=True),
    ],
    ids=["trained", "noise of the batches", "never estimated before"],
)
def test_stays_quiet(layer):
    assert found(layer) == []


def test_adapted_on_purpose():
    assert found(batch_norm(drift=0.94, frozen_updates=60), shift=2.0) == []


def test_a_few_updates_say_nothing():
    with pytest.raises(NotChecked, match="fewer than 10"):
        found(batch_norm(drift=0.94, frozen_updates=3))
