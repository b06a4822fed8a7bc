"""How ``benchmarks/fit.py`` ranks, and how the page of the site tells it."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import fit_scores
from fit_tasks import FORMS, TASKS, written

ROWS = [
    {"task": task, "seed": seed, "contender": name, "score": score, "error": 0.02, "seconds": 9.0}
    for seed in (0, 1)
    for task, scores in {
        "wine": {"unstuck": 0.9, "skorch": 0.95, "gradient boosting": 1.0},
        "diabetes": {"unstuck": 0.5, "skorch": 0.5, "gradient boosting": 0.4},
    }.items()
    for name, score in scores.items()
]


def test_ranks_are_among_the_neural_and_ties_share_theirs():
    found = fit_scores.summary(ROWS)
    assert found["ranks"] == {
        "wine": {"unstuck": 2.0, "skorch": 1.0},
        "diabetes": {"unstuck": 1.5, "skorch": 1.5},
    }
    assert found["mean rank"] == {"unstuck": 1.75, "skorch": 1.25}


def test_the_error_is_that_of_the_mean_over_seeds():
    ahead = fit_scores.summary(ROWS)["ahead of unstuck"]
    assert ahead["wine"]["skorch"] == {"by": 0.05, "error": pytest.approx(0.0141)}
    assert ahead["diabetes"]["gradient boosting"]["by"] == -0.1


def test_the_error_of_a_difference_is_that_of_its_rows():
    truth = np.arange(1000) % 2
    sure = np.eye(2)[truth]
    wrong = np.where((np.arange(1000) < 100)[:, None], 1 - sure, sure)
    assert fit_scores.error_of("classes", truth, sure, sure) == 0
    error = fit_scores.error_of("classes", truth, sure, wrong)
    assert error == pytest.approx((0.1 * 0.9 / 1000) ** 0.5, rel=0.2)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_drawn_by_its_seed(name):
    first, again, other = TASKS[name](3), TASKS[name](3), TASKS[name](4)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(np.asarray(first.test_x), np.asarray(other.test_x))
    assert len(first.test_y) == pytest.approx(len(first.y) / 3, rel=0.02)


def test_a_rare_class_is_as_rare_as_is_said():
    assert TASKS["rare digit"](0).y.mean() == pytest.approx(0.027, abs=0.002)


def test_pictures_lie_in_folders_by_their_form(tmp_path):
    problem = TASKS["shapes"](0)
    train, test = written(problem, tmp_path)
    assert sorted(each.name for each in train.iterdir()) == sorted(FORMS)
    assert len(list(train.glob("*/*.png"))) == len(problem.y)
    assert len(list(test.glob("*/*.png"))) == len(problem.test_y)
