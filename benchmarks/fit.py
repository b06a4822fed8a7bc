"""How good the models of ``unstuck fit`` are beside those of others that had the same time.

    python benchmarks/fit.py [--tasks NAME ...] [--contenders NAME ...] [--seeds N] [--out FILE]

Eight tasks (``fit_tasks.py``), each seed with its own quarter of the rows to test by. Unstuck goes first,
with no setting at all; each of the others (``fit_contenders.py``) then has as many seconds for the same
rows. Two tasks go side by side, each on one core. A contender's rank is taken among the neural ones, task
by task, by the mean over the seeds. How far another is ahead of unstuck comes with its standard error: of
the seeds' paired bootstraps over the rows to test by.

    pip install skorch lightning
"""

import argparse
import json
import multiprocessing
import platform
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from fit_contenders import PEERS, of_peer, of_unstuck
from fit_scores import Row, error_of, score_of, summary
from fit_tasks import TASKS
from unstuck import files

CORES = 2


def rows_of(task: str, seed: int, peers: Sequence[str]) -> list[Row]:
    """One of each contender: its score, and by how much it is better than unstuck in each bootstrap."""
    problem = TASKS[task](seed)
    ours, about = of_unstuck(task, problem, seed)
    rows = [_row(task, seed, "unstuck", score_of(problem.kind, problem.test_y, ours), about)]
    for name in peers:
        found, cost = of_peer(name, problem, about["seconds"], seed)
        row = _row(task, seed, name, score_of(problem.kind, problem.test_y, found), cost)
        row["error"] = error_of(problem.kind, problem.test_y, found, ours)
        rows.append(row)
    return rows


def _row(task: str, seed: int, contender: str, score: float, about: Mapping[str, Any]) -> Row:
    return {"task": task, "seed": seed, "contender": contender, "score": round(score, 4), **about}


def versions() -> dict[str, str]:
    """Of what was compared."""
    names = ("unstuck", "torch", "scikit-learn", "skorch", "lightning")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS, metavar="NAME")
    parser.add_argument(
        "--contenders", nargs="*", default=list(PEERS), choices=PEERS, metavar="NAME"
    )
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
        for done in as_completed([pool.submit(rows_of, *job) for job in jobs]):
            rows += done.result()
            print("\n".join(map(json.dumps, done.result())), flush=True)
    rows.sort(key=lambda row: (row["seed"], options.tasks.index(row["task"])))
    summed = {"versions": versions(), **summary(rows), "rows": rows}
    shown = ("scores", "mean rank", "ahead of unstuck")
    print(json.dumps({name: summed[name] for name in shown}, indent=1))
    if options.out:
        files.write_text(options.out, json.dumps(summed, indent=1) + "\n")


if __name__ == "__main__":
    main()
