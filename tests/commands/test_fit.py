"""``unstuck fit`` and ``unstuck predict`` as a person runs them."""

import csv
import io
import json
import logging
import signal
import time
import tomllib
from subprocess import CompletedProcess

import numpy as np
import pytest
from sklearn.datasets import load_digits

from unstuck import cli
from unstuck.fit.fitting import prepared
from unstuck.fit.readers import Wish, read

QUICK = 'model = "linear"\nlearning_rate = 0.05\nepochs = 6\n'

ONE_CORE = {"OMP_NUM_THREADS": "1"}
"""On a busy machine threads wait for each other."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, new_place):
    """A place with a model of digits, and what was said when it was made."""
    place = new_place(tmp_path_factory.mktemp("fit"))
    place.write("quick.toml", QUICK)
    place.done = place.unstuck("fit", "--recipe", "quick.toml", env=ONE_CORE)
    return place


@pytest.fixture
def run(made, monkeypatch, capsys):
    """The command in this process, which has the large libraries already, in the place of ``made``."""
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("COLUMNS", "96")
    log = logging.getLogger("unstuck")
    before = list(log.handlers), log.propagate, log.level

    def run(*words):
        capsys.readouterr()
        try:
            code = cli.main(words)
        except SystemExit as error:
            code = error.code
        return CompletedProcess(words, code, *capsys.readouterr())

    yield run
    log.handlers[:], log.propagate, log.level = before


def test_without_data_digits_are_learned_into_a_folder(made):
    assert made.done.returncode == 0, made.done.stderr
    lines = made.done.stderr.splitlines()
    assert lines[0] == "digits: 1797 examples, 1257 to train on, 270 to choose by, 270 to judge by"
    assert lines[1].startswith("task: multi-class, 10 classes")
    assert lines[2].startswith("a linear model: accuracy 0.9")
    assert lines[-3:] == [
        "the model: digits-model",
        "  why it is so: digits-model/report.html",
        "  to use it: unstuck predict digits-model DATA",
    ]
    assert made.done.stdout == ""
    names = {path.name for path in (made.folder / "digits-model").iterdir()}
    assert names == {"model.safetensors", "model.json", "report.html", "README.md"}


def test_predictions_are_a_table_and_where_there_are_targets_they_are_judged(run):
    done = run("predict", "digits-model", "digits", "--probabilities")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 1797
    assert sum(float(rows[0][f"probability of {n}"]) for n in range(10)) == pytest.approx(1)
    assert done.stderr.startswith("on these 1797 rows, of which 1257 were trained on: accuracy 0.9")


def test_predictions_go_into_a_file_whole(made, run):
    done = run("predict", "digits-model", "digits", "--out", "p.csv")
    assert done.stdout == ""
    assert "1797 predictions: p.csv" in done.stderr
    assert (made.folder / "p.csv").read_text().count("\n") == 1798


def test_rows_to_judge_by_give_the_metrics_of_the_training(made, run):
    record = json.loads((made.folder / "digits-model" / "model.json").read_text())
    rows = prepared(read("digits", Wish())).split.test
    inputs, targets = (each[rows] for each in load_digits(return_X_y=True))
    np.savez(made.folder / "test.npz", x=inputs, y=targets)
    done = run("predict", "digits-model", "test.npz", "--out", "t.csv")
    accuracy = record["metrics"]["accuracy"]
    assert f"on these 270 rows: accuracy {accuracy:.3f}" in done.stderr
    told = np.loadtxt(made.folder / "t.csv", skiprows=1, dtype=int)
    assert np.mean(told == targets) == pytest.approx(accuracy)


def test_the_recipe_is_shown_with_its_reasons_and_taken_back(made, run):
    done = run("fit", "iris", "--show-recipe")
    values = tomllib.loads(done.stdout)
    assert values["learning_rate"] > 0
    assert "# the best of 13 in" in done.stdout
    assert not (made.folder / "iris-model").exists()
    made.write("mine.toml", done.stdout)
    again = run("fit", "iris", "--show-recipe", "--recipe", "mine.toml")
    assert tomllib.loads(again.stdout) == values


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fit", "nothing.csv"], "cannot read nothing.csv"),
        (["fit", "nothing"], "there is no file or data named nothing"),
        (["fit", "--recipe", "bad.toml"], "bad.toml: a recipe has no depht"),
        (["fit", "--out", "full"], "full holds other things than a model"),
        (["fit", "--out", "bad.toml"], "bad.toml is a file"),
        (["fit", "--out", "no/such/folder"], "cannot write no/such/folder"),
        (["fit", "--as-script", "no/such.py"], "cannot write no/such.py"),
        (["fit", "--transfer", "a", "--fine-tune", "b"], "not allowed with argument"),
        (["predict", "nothing", "digits"], "cannot read the model nothing"),
        (["predict", "digits-model", "wine"], "13 features, the training had 64"),
        (["predict", "digits-model", "digits", "--out", "no/p.csv"], "cannot write no/p.csv"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_a_hint(made, run, words, message):
    made.write("bad.toml", "depht = 3\n")
    made.write("full/other.txt", "")
    before = sorted(made.folder.rglob("*"))
    done = run(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert done.stdout == ""
    assert sorted(made.folder.rglob("*")) == before


def test_ctrl_c_leaves_nothing_half_written_and_says_how_to_go_on(place):
    slow = 'model = "linear"\nlearning_rate = 0.001\nepochs = 100000\npatience = 100000\n'
    place.write("slow.toml", slow)
    words = place.console, "fit", "--recipe", "slow.toml"
    with place.start(*words, env=ONE_CORE) as process:
        end = time.monotonic() + 50
        kept = place.folder / "digits-model" / "checkpoints"
        while not list(kept.glob("linear/step-*")) and time.monotonic() < end:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1].endswith("the same command with --resume goes on")
    assert [path.name for path in (place.folder / "digits-model").iterdir()] == ["checkpoints"]
    assert not list(kept.rglob(".*"))


@pytest.mark.parametrize("is_kept", [True, False])
def test_ctrl_c_between_two_trainings_says_how_to_go_on_if_one_is_kept(
    run, made, tmp_path, monkeypatch, is_kept
):
    out = tmp_path / "model"

    def interrupted(*examples, **how):
        if is_kept:
            (out / "checkpoints").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr("unstuck.fit.fitting.fit", interrupted)
    done = run("fit", "--out", str(out))
    said = "interrupted; the same command with --resume goes on" if is_kept else "interrupted"
    assert (done.returncode, done.stderr) == (130, f"unstuck: {said}\n")


@pytest.mark.parametrize("command", ["fit", "predict"])
def test_help_teaches_by_examples(run, command):
    done = run(command, "--help")
    assert f"examples:\n  unstuck {command}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 96
