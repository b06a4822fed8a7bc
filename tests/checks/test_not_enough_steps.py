import random

import pytest

from unstuck.checks import NotChecked
from unstuck.checks.not_enough_steps import not_enough_steps

from .sample import ending, facts, loss, loss_call, optimizer


def falling(start, end, steps=100, noise=0.02):
    source = random.Random(0)
    step = (end - start) / steps
    return [start + step * at + source.gauss(0, noise) for at in range(steps)]


def found(values, *, ended="finished", site=None, **families):
    return not_enough_steps(
        facts(loss=loss(values), ending=ending(ended), loss_calls=[site or loss_call()], **families)
    )


def test_fires():
    [finding] = found(falling(2.3, 1.6))
    assert (finding.at, finding.severity) == (99, "warning")
    assert "ended after 100 steps at a loss of 1.6" in finding.message


@pytest.mark.parametrize(
    "values",
    [falling(2.3, 0.6), falling(1.7, 1.65), [1.6] * 100, falling(9.0, 3.0)],
    ids=["learned most", "flattened", "flat", "nothing learned yet"],
)
def test_stays_quiet(values):
    assert found(values) == []


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"ended": "stopped"}, "own end"),
        ({"ended": "running"}, "own end"),
        ({"site": loss_call(moving_targets=True)}, "move"),
        ({"site": loss_call(constant=None)}, "is not known"),
        ({"optimizers": [optimizer(), optimizer()]}, "take turns"),
    ],
)
def test_says_why_it_cannot_judge(how, why):
    with pytest.raises(NotChecked, match=why):
        found(falling(2.3, 1.6), **how)


def test_a_first_look_of_a_few_steps_is_not_judged():
    with pytest.raises(NotChecked, match="10 steps seen, 20 needed"):
        found(falling(2.3, 1.6, steps=10))


def test_a_loss_written_by_hand_is_measured_by_its_start():
    [finding] = found(falling(2.3, 1.6), site=loss_call(training=False))
    assert finding.severity == "warning"
    with pytest.raises(NotChecked, match="its scale is not known"):
        found(falling(-1.0, -2.0), site=loss_call(training=False))
