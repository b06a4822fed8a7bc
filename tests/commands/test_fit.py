"""``unstuck fit`` and ``unstuck predict`` as a person runs them."""

import csv
import io
import json
import logging
import re
import sys
import tomllib
from subprocess import CompletedProcess

import numpy as np
import pytest
from rich.console import Console
from sklearn.datasets import load_digits

from unstuck import cli
from unstuck.commands.showing import line
from unstuck.fit.fitting import prepared
from unstuck.fit.progress import Epoch, Progress
from unstuck.fit.readers import Wish, read
from unstuck.fit.schedule import Schedule

QUICK = 'model = "linear"\nlearning_rate = 0.05\nepochs = 6\nmembers = 2\n'

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
    # On a busy machine it takes so long that the log tells where it stands.
    stands = re.compile(r"(reading|linear:|writing) .*")
    lines = [each for each in made.done.stderr.splitlines() if not stands.fullmatch(each)]
    assert (
        lines[0]
        == "digits: 1797 examples, 1527 to train on and choose by in 2 folds, 270 to judge by"
    )
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
    assert done.stderr.startswith("on these 1797 rows, of which 1527 were trained on: accuracy 0.9")


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


SIGNALLED = """
    # The command again and again, each time in a fork with a signal to itself right before what is named.
    import json, os, signal, sys
    from pathlib import Path

    from unstuck import cli, files
    from unstuck.fit import fitting, readers


    # Libraries are loaded here, once for all.
    fitting.fit(readers.read("iris", readers.Wish()), hand={"model": "linear", "epochs": 1, "members": 1})


    def before(owner, name, number, is_due=lambda *given: True):
        known = getattr(owner, name)

        def signalled(*given, **named):
            if is_due(*given):
                os.kill(os.getpid(), getattr(signal, number))
            return known(*given, **named)

        setattr(owner, name, signalled)


    MOMENTS = {
        "reading": (readers, "read"),
        "rate of linear": (fitting, "_begun"),
        "rate of net": (fitting, "_begun"),
        "linear": (fitting.Loop, "_step"),
        "net": (fitting.Loop, "_step"),
        "net.2": (fitting.Loop, "_step"),
        "judging": (fitting, "judged"),
        "writing": (files, "write_text"),
    }
    DUE = {
        "rate of net": lambda ready, recipe, *_: recipe.model == "mlp",
        "net": lambda loop, *_: loop.recipe.model == "mlp",
        "net.2": lambda loop, *_: (loop.recipe.model, loop.recipe.seed) == ("mlp", 1),
        "writing": lambda path, *_: path.name == "README.md",
    }


    def forked(moment, number):
        folder = Path(f"{moment} {number}")
        folder.mkdir()
        process = os.fork()
        if process:
            return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        os.chdir(folder)
        sys.stderr = open("err", "w")
        before(*MOMENTS[moment], number, DUE.get(moment, lambda *_: True))
        code = cli.main(["fit", "iris", "--recipe", "../quick.toml"])
        sys.stderr.flush()
        os._exit(code)


    found = {f"{moment} {number}": forked(moment, number) for moment, number in json.loads(sys.argv[1])}
    print(json.dumps(found))
"""

NOTHING = "unstuck: interrupted; nothing was kept yet"
GOES_ON = "; the same command with --resume goes on"
LINEAR = {"linear", "linear.2"}
MOMENTS = [
    ("reading", "SIGINT", NOTHING, set()),
    ("reading", "SIGTERM", NOTHING, set()),
    ("rate of linear", "SIGINT", NOTHING, set()),
    ("linear", "SIGINT", "unstuck: linear stopped after step 1 of 6" + GOES_ON, {"linear"}),
    ("judging", "SIGTERM", "unstuck: interrupted" + GOES_ON, LINEAR),
    ("rate of net", "SIGTERM", "unstuck: interrupted" + GOES_ON, LINEAR),
    ("net", "SIGTERM", "unstuck: net stopped after step 1 of 6" + GOES_ON, LINEAR | {"net"}),
    (
        "net.2",
        "SIGINT",
        "unstuck: net.2 stopped after step 1 of 6" + GOES_ON,
        LINEAR | {"net", "net.2"},
    ),
]


@pytest.fixture(scope="module")
def signalled(tmp_path_factory, new_place):
    """A place with a folder for each moment at which a signal came, and the exit codes."""
    place = new_place(tmp_path_factory.mktemp("signalled"))
    place.write("quick.toml", "learning_rate = 0.05\nepochs = 3\nbatch_size = 32\nmembers = 2\n")
    script = place.write("signalled.py", SIGNALLED)
    moments = [*(each[:2] for each in MOMENTS), ("writing", "SIGINT")]
    done = place.python(script, json.dumps(moments), env=ONE_CORE)
    assert done.returncode == 0, done.stderr
    place.found = json.loads(done.stdout)
    return place


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
@pytest.mark.parametrize(("moment", "number", "last", "left"), MOMENTS)
def test_a_signal_at_any_time_leaves_no_half_model_and_says_how_to_go_on(
    signalled, moment, number, last, left
):
    place = signalled.folder / f"{moment} {number}"
    err = (place / "err").read_text()
    assert (signalled.found[place.name], err.splitlines()[-1]) == (130, last)
    assert "Traceback" not in err
    assert {path.name for path in place.glob("iris-model/*")} == (
        {"checkpoints"} if left else set()
    )
    assert {path.name for path in place.glob("iris-model/checkpoints/*")} == left
    assert not list(place.rglob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_a_signal_while_the_model_is_written_waits_until_it_is_whole(signalled):
    place = signalled.folder / "writing SIGINT"
    assert signalled.found[place.name] == 130
    assert (place / "err").read_text().splitlines()[-3] == "the model: iris-model"
    names = {path.name for path in place.glob("iris-model/*")}
    assert names == {"model.safetensors", "model.json", "report.html", "README.md"}


def test_a_log_shows_life(place):
    slow = (
        'model = "linear"\nlearning_rate = 0.001\nmembers = 1\nepochs = 100000\npatience = 100000\n'
    )
    place.write("slow.toml", slow)
    script = place.write(
        "soon.py",
        """
        import sys
        from unstuck import cli
        from unstuck.commands import showing

        showing.EVERY = 0.3
        sys.exit(cli.main(sys.argv[1:]))
        """,
    )
    lines = []
    with place.start(script, "fit", "iris", "--recipe", "slow.toml", env=ONE_CORE) as process:
        for each in process.stderr:
            lines.append(each.rstrip())
            if "held-out" in each:
                process.terminate()
                break
        lines += process.stderr.read().splitlines()
    assert process.returncode == 130
    assert lines[0] == "reading iris"
    losses = r"loss \d\.\d+, held-out \d\.\d+"
    assert any(
        re.fullmatch(rf"linear: epoch \d+/100000, {losses}, at most [\d:]+", each) for each in lines
    )


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["linear", "linear-weighed"])
def test_a_terminal_shows_training_bar_and_time_left_in_one_line(width, name):
    schedule = Schedule()
    schedule.plan([name, "net", "net-weighed"])
    schedule.begins(name)
    for step in range(1, 3000):
        schedule.stepped(Progress(step, 8000, [Epoch(7, 1.234, 1.345, 0.1, 1.0)]), 40)
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(line(schedule, width))
    [shown] = console.file.getvalue().splitlines()
    assert shown.startswith(f"{name}: epoch 75/200, loss 1.234, held-out 1.")
    assert shown.endswith("at most 0:00, then 2 more")
    assert ("━" in shown) == (width > 80 or name == "linear")
    assert len(shown) == width


@pytest.mark.parametrize("command", ["fit", "predict"])
def test_help_teaches_by_examples(run, command):
    done = run(command, "--help")
    assert f"examples:\n  unstuck {command}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 96
