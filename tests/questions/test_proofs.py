"""A seeded sample of the experiments, made again with seeds of which nothing is recorded."""

import random

import pytest

from unstuck.questions import all_questions

QUESTIONS = all_questions()
SAMPLE = sorted(random.Random(22).sample(sorted(QUESTIONS), 3))
SEEDS = range(500, 505)


@pytest.mark.parametrize("name", SAMPLE)
def test_other_seeds_give_the_recorded_verdicts(name):
    recorded, made = QUESTIONS[name].evidence, QUESTIONS[name].prove(SEEDS)
    wanted = {each.number: each.verdict for each in recorded.results}
    assert {each.number: each.verdict for each in made.results} == wanted, str(made)
