import pytest

from unstuck.checks import NotChecked
from unstuck.checks.stale_gradients import stale_gradients

from .sample import facts, optimizer


def stale(stale_steps, judged_steps=31, **changes):
    return optimizer(
        stale_steps=stale_steps, judged_steps=judged_steps, first_stale=1 if stale_steps else None
    ) | (changes)


@pytest.mark.parametrize(("stale_steps", "judged_steps"), [(31, 31), (16, 31), (3, 3)])
def test_fires(stale_steps, judged_steps):
    [finding] = stale_gradients(facts(optimizers=[stale(stale_steps, judged_steps)]))
    assert finding.severity == "error"
    assert finding.at == 1
    assert finding.message.startswith(f"{stale_steps} of {judged_steps} updates of SGD")
    assert str(finding.location) == "train.py:9"


def test_stays_quiet_when_gradients_are_cleared():
    assert stale_gradients(facts(optimizers=[optimizer()])) == []


def test_stays_quiet_when_a_few_updates_are_stale():
    assert stale_gradients(facts(optimizers=[stale(15)])) == []


def test_accumulation_that_clears_after_each_update_is_healthy():
    accumulating = optimizer("AdamW", steps=25, judged_steps=24)
    assert stale_gradients(facts(optimizers=[accumulating])) == []


def test_fires_for_the_one_of_two_optimizers_that_never_clears():
    both = facts(optimizers=[optimizer("Adam"), stale(30, name="SGD")])
    [finding] = stale_gradients(both)
    assert finding.evidence["optimizer"] == "SGD"


def test_the_share_can_be_set():
    some = facts(optimizers=[stale(8)])
    assert stale_gradients(some, share=0.25) != []
    assert stale_gradients(some, share=0.5) == []


def test_no_stale_update_is_no_finding_whatever_the_share():
    assert stale_gradients(facts(optimizers=[optimizer()]), share=0.0) == []


def test_falls_back_to_the_line_that_built_the_optimizer():
    [finding] = stale_gradients(facts(optimizers=[stale(31, stepped_at=None)]))
    assert str(finding.location) == "train.py:5"


@pytest.mark.parametrize("optimizers", [[], [optimizer(judged_steps=2, stale_steps=2)]])
def test_does_not_judge_what_it_hardly_saw(optimizers):
    with pytest.raises(NotChecked, match="fewer than three updates"):
        stale_gradients(facts(optimizers=optimizers))
