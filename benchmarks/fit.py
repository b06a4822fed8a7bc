"""How good the models of ``unstuck fit`` are beside those of others that had the same time.

    python benchmarks/fit.py [--tasks NAME ...] [--contenders NAME ...] [--seeds N] [--first SEED] [--out FILE]

Eight tasks (``fit_tasks.py``), each seed with its own quarter of the rows to test by. Unstuck goes first, with
no setting at all; each of the others (``fit_contenders.py``) then has as many seconds for the same rows. A
contender's rank is taken among the neural ones, task by task, by the mean over the seeds. How far another is
ahead of unstuck comes with its standard error: of the seeds' paired bootstraps over the rows to test by.

    pip install skorch lightning
"""

import argparse
import json
import math
import multiprocessing
import platform
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from fit_contenders import NEURAL, PEERS, of_peer, of_unstuck
from fit_tasks import SCORES, TASKS, Kind
from unstuck import files

CORES = 2

DRAWS = 200
"""Bootstraps over the rows to test by."""

Row = dict[str, Any]


def rows_of(task: str, seed: int, peers: Sequence[str]) -> list[Row]:
    """One of each contender: its score, and by how much it is better than unstuck in each bootstrap."""
    problem = TASKS[task](seed)
    ours, about = of_unstuck(task, problem, seed)
    rows = [_row(task, seed, "unstuck", _score(problem.kind, problem.test_y, ours), about)]
    for name in peers:
        found, cost = of_peer(name, problem, about["seconds"], seed)
        row = _row(task, seed, name, _score(problem.kind, problem.test_y, found), cost)
        row["error"] = _error(problem.kind, problem.test_y, found, ours)
        rows.append(row)
    return rows


def _row(task: str, seed: int, contender: str, score: float, about: Mapping[str, Any]) -> Row:
    return {"task": task, "seed": seed, "contender": contender, "score": round(score, 4), **about}


def _score(kind: Kind, truth: NDArray[Any], found: NDArray[Any]) -> float:
    return float(SCORES[kind][1](truth, found))


def _error(kind: Kind, truth: NDArray[Any], found: NDArray[Any], ours: NDArray[Any]) -> float:
    """The standard error of the difference of two scores on the same rows."""
    draw = np.random.default_rng(0)
    differences = []
    for _ in range(DRAWS):
        rows = draw.integers(0, len(truth), len(truth))
        differences.append(
            _score(kind, truth[rows], found[rows]) - _score(kind, truth[rows], ours[rows])
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


def versions() -> dict[str, str]:
    """Of what was compared."""
    names = ("unstuck", "torch", "scikit-learn", "skorch", "lightning")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS, metavar="NAME")
    parser.add_argument("--contenders", nargs="*", default=list(PEERS), choices=PEERS, metavar="NAME")  # fmt: skip
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    jobs = [(task, seed, options.contenders) for seed in seeds for task in options.tasks]
    rows: list[Row] = []
    spawn = multiprocessing.get_context("spawn")
    # One thread each: with two, small nets wait for the other thread most of the time.
    with ProcessPoolExecutor(CORES, spawn, torch.set_num_threads, (1,)) as pool:
        for found in pool.map(rows_of, *zip(*jobs, strict=True)):
            rows += found
            print("\n".join(map(json.dumps, found)), flush=True)
    summed = {"versions": versions(), **summary(rows), "rows": rows}
    print(json.dumps({name: summed[name] for name in ("scores", "mean rank", "ahead of unstuck")}, indent=1))  # fmt: skip
    if options.out:
        files.write_text(options.out, json.dumps(summed, indent=1) + "\n")


if __name__ == "__main__":
    main()
