import pytest

from unstuck.checks import NotChecked
from unstuck.checks.linear_is_enough import linear_is_enough

from .sample import arm, facts, layers, node, trials

NETWORK = arm("unchanged", 0.6, 0.7, 0.8)


def found(*scores, network=NETWORK, **families):
    made = trials(network, arm("linear-model", *scores))
    return linear_is_enough(facts(trials=made, **families))


@pytest.mark.parametrize("scores", [(0.6, 0.7, 0.8), (0.9, 0.9, 0.9), (0.59, 0.69, 0.79)])
def test_fires(scores):
    [finding] = found(*scores)
    assert finding.severity == "note"


def test_says_both_scores():
    [finding] = found(0.7, 0.75, 0.8)
    assert finding.message == (
        "a linear model does as well as the network: the score is 0.75 instead of 0.70 after 100 steps, with "
        "each of 3 seeds, on rows kept back"
    )


@pytest.mark.parametrize("scores", [(0.2,), (0.6, 0.7, 0.7), (0.9, 0.9, 0.5)])
def test_stays_quiet_where_the_network_does_better(scores):
    assert found(*scores) == []


def test_a_network_that_learns_nothing_is_no_measure():
    assert found(0.3, 0.3, 0.3, network=arm("unchanged", 0.2, 0.3, 0.1)) == []


@pytest.mark.parametrize(
    ("scores", "families"),
    [((), {}), ((0.7,), {}), ((0.6, 0.7, 0.8), {"layers": layers(node("model"))})],
)
def test_says_why_it_cannot_tell(scores, families):
    with pytest.raises(NotChecked):
        found(*scores, **families)
