"""A seeded sample of the experiments, made again with seeds of which nothing is recorded."""

import random

import pytest

from unstuck.questions import all_questions

QUESTIONS = all_questions()
SAMPLE = sorted(random.Random(22).sample(sorted(QUESTIONS), 3))
SEEDS = range(500, 505)


@pytest.mark.parametrize("name", SAMPLE)
def test_other_seeds_give_the_recorded_verdicts(name):
    """All but one at most, whose interval then holds a bound: none is refuted."""
    recorded, made = QUESTIONS[name].evidence, QUESTIONS[name].prove(SEEDS)
    wanted = {each.number: each.verdict for each in recorded.results}
    others = [each for each in made.results if each.verdict != wanted[each.number]]
    assert [each.verdict for each in others] in ([], ["inconclusive"]), str(made)
