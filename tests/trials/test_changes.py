"""What holds for every change; a new one joins without an edit."""

import inspect

import pytest

from unstuck.remedies import all_remedies
from unstuck.trials.changes import all_changes

EXPERIMENTS = {"sham", "set-learning-rate", "shuffled-labels", "shifted-inputs"} | {
    "cosine-decay",
    "step-decay",
    "warm-up",
    "matched-momentum",
}

every_change = pytest.mark.parametrize("change", all_changes().values(), ids=all_changes())
every_remedy = pytest.mark.parametrize("name", all_remedies())


@every_change
def test_it_is_given_the_replay_and_says_what_it_does(change):
    assert list(inspect.signature(change).parameters) == ["replay"]
    assert change.__doc__


@every_remedy
def test_a_remedy_has_a_change_or_says_how_to_judge_it(name):
    assert (name in all_changes()) != bool(all_remedies()[name].judge)


def test_a_change_is_of_a_remedy_or_an_experiment():
    assert set(all_changes()) - set(all_remedies()) == EXPERIMENTS
