import pytest

from unstuck.checks import NotChecked
from unstuck.checks.clipping_misused import clipping_misused

from .sample import clip_line, facts, loss, series

BIG = series([1e4, 2e4] * 30)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (clip_line(early=60), "no backward pass"),
        (clip_line(empty=59), "no parameter that has a gradient"),
        (clip_line(covered=[0.0, 0.0, 0.0]), "none of the parameters"),
        (clip_line(norms=BIG), "of the gradient"),
        (clip_line("clip_grad_value_", norms=[], cut=series([0.95] * 9)), "signs"),
    ],
)
def test_fires(line, word):
    [finding] = clipping_misused(facts(clipping=[line]))
    assert word in finding.message
    assert finding.severity == "warning"


def test_adam_divides_the_size_out():
    [finding] = clipping_misused(facts(clipping=[clip_line(norms=BIG, optimizer="AdamW")]))
    assert finding.severity == "note"


def test_a_loss_that_falls_makes_it_a_note():
    falling = loss([2.3 * 0.95**step for step in range(60)])
    [finding] = clipping_misused(facts(clipping=[clip_line(norms=BIG)], loss=falling))
    assert finding.severity == "note"


@pytest.mark.parametrize(
    "line",
    [
        clip_line(),
        clip_line(norms=series([5.0] * 60)),  # always clipped, as language models are
        clip_line(early=1),
        clip_line(covered=[0.5, 0.5, 0.5]),
        clip_line("clip_grad_value_", norms=[], cut=series([0.1] * 9)),
    ],
)
def test_stays_quiet(line):
    assert clipping_misused(facts(clipping=[line])) == []


def test_few_calls_are_not_judged():
    with pytest.raises(NotChecked):
        clipping_misused(facts(clipping=[clip_line(calls=2, early=2)]))
