import pytest

from unstuck.checks import NotChecked
from unstuck.checks.last_window_dropped import last_window_dropped

from .sample import accumulation, facts


def cut(passes=2, *, cleared=True):
    return {"step": 12, "passes": passes, "cleared": cleared}


def found(**changes):
    made = accumulation(**{"windows": [[4, 12]], **changes})
    return last_window_dropped(facts(accumulation=made))


@pytest.mark.parametrize(
    ("batches", "cleared", "severity", "words"),
    [
        (
            10,
            True,
            "warning",
            "the last 2 of 10 batches of each epoch are computed and thrown away",
        ),
        (50, True, "note", "the last 2 of 50"),
        (10, False, "note", "are added to the next one's first"),
    ],
)
def test_fires(batches, cleared, severity, words):
    [finding] = found(batches=batches, cut=[cut(cleared=cleared)] * 2)
    assert (finding.at, finding.severity) == (12, severity)
    assert words in finding.message


def test_an_unknown_number_of_batches():
    [finding] = found(batches=None, cut=[cut()])
    assert finding.severity == "note"


@pytest.mark.parametrize(
    "changes", [{}, {"windows": [[1, 50]], "cut": [cut(1)]}, {"cut": [cut(4)]}, {"windows": []}]
)
def test_stays_quiet(changes):
    assert found(**changes) == []


def test_before_the_data_begin_again_nothing_is_known():
    with pytest.raises(NotChecked, match="no second pass"):
        found(epochs=0)


def test_windows_cleared_without_a_loader_count_by_their_share():
    [finding] = found(batches=None, epochs=0, windows=[[4, 4]], cut=[cut(3), cut(3)])
    assert finding.severity == "warning"
    [finding] = found(batches=None, epochs=0, windows=[[4, 50]], cut=[cut(3)])
    assert finding.severity == "note"
