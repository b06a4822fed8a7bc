import pytest

from unstuck.checks import NotChecked
from unstuck.checks.graph_kept_alive import graph_kept_alive

from .sample import facts, kept_graphs


def found(*alive, **options):
    return graph_kept_alive(facts(kept_graphs=kept_graphs(*alive)), **options)


def test_fires():
    [finding] = found((5, 3, 3), (9, 7, 7), (12, 8, 8))
    assert (finding.at, finding.severity) == (12, "warning")
    assert "the graphs of 8 of 8 earlier steps" in finding.message


def test_fires_though_an_epoch_lets_go_later():
    [finding] = found((9, 7, 7), (12, 8, 1))
    assert finding.at == 9


@pytest.mark.parametrize("left", [0, 1, 6])
def test_stays_quiet(left):
    assert found((9, 7, left)) == []


def test_meta_learning_may_keep_more():
    assert found((9, 7, 7), (16, 9, 2), graphs=8) == []


def test_too_few_steps_are_said():
    with pytest.raises(NotChecked, match="fewer than 5"):
        found((5, 3, 3))


def test_options():
    assert len(found((9, 10, 5), share=0.5)) == 1
