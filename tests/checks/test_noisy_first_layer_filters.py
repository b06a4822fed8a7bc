import pytest

from unstuck.checks import NotChecked
from unstuck.checks.noisy_first_layer_filters import noisy_first_layer_filters

from .sample import facts, filters


def found(*all_of_them, **options):
    return noisy_first_layer_filters(facts(filters=list(all_of_them)), **options)


def test_fires():
    [finding] = found(filters(-0.03))
    assert finding.severity == "note"
    assert "after 180 updates the 7x7 filters of model.stem" in finding.message
    assert "have moved by 1.0%" in finding.message


@pytest.mark.parametrize("healthy", [filters(0.3), filters(change=0.4), filters(change=None)])
def test_stays_quiet(healthy):
    assert found(healthy) == []


def test_pictures_without_neighbours():
    assert found(filters(-0.03), smooth=-1.0) == []
    assert found(filters(-0.03), change=0.001) == []


@pytest.mark.parametrize(
    ("unclear", "why"), [(filters(kernel=[3, 3]), "at least 5x5"), (filters(updates=20), "fewer")]
)
def test_says_why_it_cannot_judge(unclear, why):
    with pytest.raises(NotChecked, match=why):
        found(unclear)
