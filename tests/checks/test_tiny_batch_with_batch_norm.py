import pytest

from unstuck.checks import NotChecked
from unstuck.checks.tiny_batch_with_batch_norm import tiny_batch_with_batch_norm

from .sample import batch_norm, facts, mode


def found(count, batch, **options):
    layer = batch_norm(values=count, batch=batch)
    return tiny_batch_with_batch_norm(facts(modes=[mode(batch_norm=[layer])]), **options)


@pytest.mark.parametrize(
    ("values", "batch", "severity"),
    [(2, 2, "warning"), (4, 4, "warning"), (8, 2, "warning"), (128, 2, "note"), (9, 1, "note")],
)
def test_fires(values, batch, severity):
    [finding] = found(values, batch)
    assert finding.severity == severity
    assert finding.message.startswith("model.1 (BatchNorm1d) normalises over")


@pytest.mark.parametrize(("values", "batch"), [(16, 16), (9, 9), (64, 4), (100_000, 3)])
def test_stays_quiet(values, batch):
    assert found(values, batch) == []


def test_options():
    assert found(16, 16, samples=16) != []
    assert found(8, 8, values=7) == []


def test_layers_in_evaluation_mode_are_not_judged():
    with pytest.raises(NotChecked, match="in training mode"):
        found(None, None)
    assert tiny_batch_with_batch_norm(facts(modes=[mode(batch_norm=[])])) == []
