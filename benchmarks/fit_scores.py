"""What ``fit.py`` says of scores: means over seeds, ranks, and who is ahead by how many standard errors."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from fit_tasks import SCORES, Kind

NEURAL = ("unstuck", "scikit-learn MLP", "skorch", "Lightning")
"""The contenders that are ranked."""

DRAWS = 200
"""Bootstraps over the rows to test by."""

Row = dict[str, Any]
"""One contender on one task with one seed."""


def score_of(kind: Kind, truth: NDArray[Any], found: NDArray[Any]) -> float:
    """What the task is judged by: the higher, the better."""
    return float(SCORES[kind][1](truth, found))


def error_of(kind: Kind, truth: NDArray[Any], found: NDArray[Any], ours: NDArray[Any]) -> float:
    """The standard error of the difference of two scores on the same rows."""
    draw = np.random.default_rng(0)
    differences = []
    for _ in range(DRAWS):
        rows = draw.integers(0, len(truth), len(truth))
        differences.append(
            score_of(kind, truth[rows], found[rows]) - score_of(kind, truth[rows], ours[rows])
        )
    return round(float(np.std(differences)), 5)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Mean scores, ranks among the neural contenders, and who is ahead by how many standard errors."""
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    contenders = list(dict.fromkeys(row["contender"] for row in rows))
    scores = {task: {name: _mean(rows, task, name) for name in contenders} for task in tasks}
    neural = [name for name in contenders if name in NEURAL]
    ranks = {task: _ranks({name: scores[task][name] for name in neural}) for task in tasks}
    return {
        "scores": scores,
        "ranks": ranks,
        "mean rank": {name: round(fmean(ranks[t][name] for t in tasks), 2) for name in neural},
        "ahead of unstuck": {
            task: {n: _ahead(rows, task, n) for n in contenders if n != "unstuck"} for task in tasks
        },
    }


def _mean(rows: Sequence[Row], task: str, name: str) -> float:
    return round(fmean(_of(rows, task, name, "score")), 4)


def _of(rows: Sequence[Row], task: str, name: str, what: str) -> list[float]:
    return [row[what] for row in rows if (row["task"], row["contender"]) == (task, name)]


def _ranks(scores: Mapping[str, float]) -> dict[str, float]:
    return dict(zip(scores, map(float, rankdata([-each for each in scores.values()])), strict=True))


def _ahead(rows: Sequence[Row], task: str, name: str) -> dict[str, float]:
    """By how much, and the standard error of the mean over the seeds."""
    errors = _of(rows, task, name, "error")
    by = fmean(_of(rows, task, name, "score")) - fmean(_of(rows, task, "unstuck", "score"))
    return {
        "by": round(by, 4),
        "error": round(math.sqrt(sum(each**2 for each in errors)) / len(errors), 4),
    }
