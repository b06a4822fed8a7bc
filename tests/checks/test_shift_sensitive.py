import pytest

from unstuck.checks import NotChecked
from unstuck.checks.shift_sensitive import shift_sensitive

from .sample import arm, facts, layers, node, trials


def found(*scores, before=(0.9, 0.9, 0.9), **families):
    shifted = arm("shifted-inputs", *scores)
    return shift_sensitive(facts(trials=trials(arm("unchanged", *before), shifted), **families))


@pytest.mark.parametrize("scores", [(0.1,), (0.4, 0.3, 0.2)])
def test_fires(scores):
    """One seed is enough where it is clear: then no other is replayed."""
    [finding] = found(*scores)
    assert finding.severity == "note"


def test_says_both_scores():
    [finding] = found(0.1)
    assert finding.message == (
        "images shifted by two pixels are hardly recognised: the score is 0.10 instead of 0.90 after 100 "
        "steps, with one seed, on rows kept back"
    )


@pytest.mark.parametrize(
    ("kernel", "remedies"), [([3, 3], ("global-pooling",)), ([], ("use-convolution",))]
)
def test_advises_what_the_network_has_not(kernel, remedies):
    [finding] = found(0.1, layers=layers(node("first", kernel=kernel)))
    assert finding.remedies == remedies


@pytest.mark.parametrize("scores", [(0.8,), (0.6, 0.6, 0.4), (0.88, 0.9, 0.91)])
def test_stays_quiet_where_most_is_still_recognised(scores):
    assert found(*scores) == []


def test_stays_quiet_within_what_a_sham_moves():
    assert found(0.39, 0.39, 0.39, before=(0.4, 0.4, 0.4)) == []


@pytest.mark.parametrize(
    ("scores", "before"),
    [
        ((), (0.9, 0.9, 0.9)),  # no images
        ((0.85,), (0.9, 0.9, 0.9)),
        ((0.9, 0.9, 0.9), (0.9, 0.9, 0.9)),  # what the model said while it was trained
        ((0.0,), (0.2, 0.2, 0.2)),
    ],
)
def test_says_why_it_cannot_tell(scores, before):
    with pytest.raises(NotChecked):
        found(*scores, before=before)
