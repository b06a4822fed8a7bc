"""``benchmarks/learning_rate.py``, tiny; and what its whole run found."""

import importlib.util
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from unstuck.trials.halving import GRID

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
_SPEC = importlib.util.spec_from_file_location("rates", BENCHMARKS / "learning_rate.py")
rates = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(rates)


def test_it_runs(monkeypatch):
    monkeypatch.setattr(rates, "GRID", (0.01, 1.0))
    monkeypatch.setattr(rates, "PARAMETER_FREE", {"none": ("no_such_package", "X", 1.0)})
    task = replace(rates.TASKS["friedman"], horizon=20)
    found = rates.measure(task, [0, 1])
    assert len(found["grids"]) == 2
    rows = [*found["rows"], *found["nothing_learns"]]
    assert len(rows) == 2 * 2 * 5
    result = rates.combined({"friedman": found})
    assert result["not_installed"] == ["no_such_package"]
    assert json.loads(json.dumps(result)) == result
    for each in result["summary"].values():
        assert each["mean_regret"] <= each["worst_regret"]
    rates.show(result)


@pytest.mark.parametrize("name", sorted(rates.TASKS))
def test_every_task_gives_a_loss_and_other_batches_to_other_seeds(name):
    task = rates.TASKS[name]
    model = rates.built(task, 0)
    (x, y), (other, _) = next(rates.batches(task, 0)), next(rates.batches(task, 1))
    assert math.isfinite(task.loss(model(x), y).item())
    assert x.shape == other.shape
    assert not x.equal(other)


def test_regret():
    assert rates.regret([0.5, 0.5], 2.0, 0.5) == {"regret": 0.0, "diverged": False}
    assert rates.regret([2.0], 1.0, 0.5) == {"regret": 1.0, "diverged": True}
    assert rates.regret([0.5, math.inf], 1.0, 0.5) == {"regret": 1.0, "diverged": True}
    assert rates.regret([0.75], 1.0, 0.5)["regret"] == 0.5
    assert rates.regret([], 1.0, 0.5) == {"regret": 1.0, "diverged": False}


def test_the_valley_is_in_the_middle_of_the_longest_fall():
    falling = [(10.0 ** (k - 20), 30.0 - k) for k in range(20)]
    rising = [(10.0**k, 11.0 + k) for k in range(10)]
    assert rates.valley(falling + rising) == falling[8][0]


def test_the_whole_run_reached_what_it_was_meant_to():
    result = json.loads((BENCHMARKS / "results" / "learning_rate.json").read_text())
    found = result["summary"]["find_learning_rate"]
    assert result["grid"] == list(GRID)
    assert found["mean_regret"] <= 0.02
    assert found["worst_regret"] <= 0.10
    assert found["diverged"] == 0
    assert set(result["tasks"]) == set(rates.TASKS)
