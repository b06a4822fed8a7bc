"""Killed trainings go on bit for bit. Here three; a hundred with ``benchmarks/resume.py``."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch

from unstuck.errors import BadCheckpoint
from unstuck.fit.checkpoints import Keeper
from unstuck.fit.loop import Loop, Stopped

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "resume.py"
_SPEC = importlib.util.spec_from_file_location("resume_benchmark", BENCHMARK)
benchmark = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(benchmark)


def quiet(progress):
    pass


@cache
def whole_of(recipe):
    """What the training comes to that nobody ends; trained once."""
    loop = benchmark.training(recipe)
    loop.run(quiet)
    return benchmark.digest(loop)


class Killed(BaseException):
    """Stands in for a kill, in this process."""


def killed_at(step):
    def tell(loop):
        if loop.progress.step == step:
            raise Killed

    return tell


def begun(tmp_path, recipe, at, **how):
    keeper = Keeper(tmp_path, pause=0, **how)
    with pytest.raises(Killed):
        benchmark.training(recipe).run(quiet, keeper, killed_at(at))
    return keeper


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_three_processes_killed_at_random_steps_come_to_the_same_bits(tmp_path):
    out = tmp_path / "out.json"
    words = [sys.executable, BENCHMARK, "--kills", "3", "--seed", "5", "--out", out]
    subprocess.run([str(word) for word in words], check=True, timeout=200, capture_output=True)
    found = json.loads(out.read_text())
    assert (found["equal"], found["kills"]) == (3, 3)
    assert found["different_trainings"] == 4
    assert len({row["killed_at"] for row in found["rows"]}) > 1
    assert all(0 < row["killed_at"] - row["from"] < 20 for row in found["rows"])


@pytest.mark.parametrize("at", [1, 7, 8, 14, 83, 84])
def test_it_goes_on_from_the_edges_of_epochs(tmp_path, at):
    recipe = benchmark.RECIPES[0]
    keeper = begun(tmp_path, recipe, at)
    again = benchmark.training(recipe)
    steps = []
    again.run(quiet, keeper, lambda loop: steps.append(loop.progress.step))
    assert benchmark.digest(again) == whole_of(recipe)
    assert steps[:1] == [at]  # the step it was killed in is done again


def test_a_changed_state_would_be_noticed(tmp_path, monkeypatch):
    recipe = benchmark.RECIPES[0]
    whole, keeper = whole_of(recipe), begun(tmp_path, recipe, 30)
    monkeypatch.setattr(Loop, "_draw_by", lambda self, step: torch.manual_seed(1))
    again = benchmark.training(recipe)
    again.run(quiet, keeper)
    assert benchmark.digest(again) != whole


def test_what_has_ended_is_not_trained_again(tmp_path):
    recipe, keeper = benchmark.RECIPES[0], Keeper(tmp_path)
    first, second = benchmark.training(recipe), benchmark.training(recipe)
    first.run(quiet, keeper)
    second.run(quiet, keeper, killed_at(second.progress.step))
    assert benchmark.digest(second) == benchmark.digest(first)


def test_a_truncated_newest_checkpoint_costs_a_step_and_a_line(tmp_path):
    recipe, said = benchmark.RECIPES[1], []
    keeper = begun(tmp_path, recipe, 30, say=said.append)
    newest = tmp_path / "step-000000029.safetensors"
    newest.write_bytes(newest.read_bytes()[:-100])
    again = benchmark.training(recipe)
    again.run(quiet, keeper)
    assert benchmark.digest(again) == whole_of(recipe)
    [line] = said
    assert "step-000000029.safetensors is damaged" in line
    assert "\n" not in line


def test_another_recipe_is_refused(tmp_path):
    keeper = begun(tmp_path, benchmark.RECIPES[0], 10)
    other = benchmark.RECIPES[0].because(weight_decay=0.5)
    with pytest.raises(
        BadCheckpoint, match=r"^the training began with weight_decay = 0.01, not 0.5$"
    ):
        benchmark.training(other).run(quiet, keeper)


def test_other_data_are_refused(tmp_path):
    keeper = begun(tmp_path, benchmark.RECIPES[0], 10)
    with pytest.raises(BadCheckpoint, match="other data, or another split"):
        benchmark.training(benchmark.RECIPES[0], rows=333).run(quiet, keeper)


def test_a_measured_rate_is_not_measured_again(tmp_path):
    recipe = benchmark.RECIPES[0].because({"learning_rate": "measured"}, learning_rate=0.02)
    keeper = begun(tmp_path, recipe, 10)
    found = keeper.recipe(recipe.because(learning_rate=0.0))
    assert (found.learning_rate, found.reasons["learning_rate"]) == (0.02, "measured")
    assert keeper.recipe(recipe.because(learning_rate=0.5)).learning_rate == 0.5


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_with_its_step_and_it_goes_on(tmp_path, name):
    number, recipe = getattr(signal, name), benchmark.RECIPES[0]
    before = signal.getsignal(number)
    stopped, again = (benchmark.training(recipe) for _ in range(2))
    keeper = Keeper(tmp_path)
    stop = lambda loop: loop.progress.step == 10 and os.kill(os.getpid(), number)  # noqa: E731
    with pytest.raises(Stopped, match="after step 10 of 84") as caught:
        stopped.run(quiet, keeper, stop)
    assert (caught.value.step, caught.value.folder) == (10, tmp_path)
    assert isinstance(caught.value, KeyboardInterrupt)
    assert signal.getsignal(number) is before
    again.run(quiet, keeper)
    assert benchmark.digest(again) == whole_of(recipe)


def test_a_second_ctrl_c_ends_it_at_once(tmp_path):
    def twice(loop):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        benchmark.training(benchmark.RECIPES[0]).run(quiet, Keeper(tmp_path), twice)
    assert not isinstance(caught.value, Stopped)
    assert list(tmp_path.iterdir()) == []
