"""What is wrong with a command is said in a line, before anything runs or is written."""

import logging
import os

import pytest

from unstuck import cli

SCRIPT = "print('ran')\n"

WRONG = {
    "": "COMMAND",
    "nope": "invalid choice: 'nope'",
    "check": "no script given",
    "run -m": "no module given",
    "check --": "no script given",
    "check nope.py": "no such script: nope.py",
    "check train.py/inner.py": "cannot read train.py/inner.py: Not a directory",
    "check empty": "no __main__ in empty",
    "run empty.zip": "no __main__ in empty.zip",
    "run -m nope.train": "no module named nope.train",
    "run -m .train": "no module named .train",
    "check --bogus train.py": "no option --bogus",
    "check --step 3 train.py": "no option --step",
    "check --steps x train.py": "--steps: invalid int value: 'x'",
    "check --steps 0 train.py": "steps must be",
    "check --seconds nan train.py": "seconds must be",
    "run --fail-on note train.py": "no option --fail-on",
    "check --fail-on all train.py": "--fail-on: invalid choice: 'all'",
    "check --select nope train.py": "no check named 'nope'",
    "run --ignore loss-broadcast,nope train.py": "no check named 'nope'",
    "check --json nope/r.json train.py": "cannot write nope/r.json: there is no such folder",
    "check --html empty train.py": "cannot write empty: it is a folder",
    "run --json - train.py": "standard output belongs to the script",
    "run torchrun train.py": "several processes",
    "check -m torch.distributed.run train.py": "several processes",
    "report": "no run is recorded",
    "report nope": "no run named nope",
    "report damaged": "damaged/run.json",
    "report --json nope/r.json damaged": "cannot write nope/r.json",
    "report --bogus": "no option --bogus",
    "report --list": "no run is recorded",
    "report --list --json -": "--list stands alone",
    "diff damaged": "RUN2",
    "diff damaged damaged": "damaged/run.json",
    "explain nope": "nothing to explain is named 'nope'",
    "explain q23": "there is no question q23",
    "explain q13 q14": "give one name",
    "explain --html": "--html opens one page",
    "explain q13 --on": "no script given",
    "explain q13 --on -m": "no module given",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text('{"schema": 1}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def untouched(monkeypatch):
    """In this process, so that 40 commands take a second; nothing may remain of them."""
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    log = logging.getLogger("unstuck")
    before = (list(logging.root.handlers), list(log.handlers), log.propagate, log.level)
    yield
    assert logging.root.handlers == before[0]
    log.handlers[:], log.propagate, log.level = before[1:]


def outcome(words):
    try:
        return cli.main(words)
    except SystemExit as error:
        return error.code


@pytest.mark.parametrize("command", WRONG, ids=str)
def test_bad_usage_is_a_clear_line_and_code_2(folder, capsys, command):
    before = sorted(folder.rglob("*"))
    assert outcome(command.split()) == 2
    out, err = capsys.readouterr()
    first, *hint = err.splitlines()
    assert first.startswith("unstuck: ")
    assert WRONG[command] in first
    assert len(hint) <= 1
    assert all(line.startswith("  ") for line in hint)
    assert out == ""
    assert sorted(folder.rglob("*")) == before


def test_a_question_without_a_script_names_the_right_command(folder, capsys):
    assert outcome(["explain", "q13", "--on"]) == 2
    assert capsys.readouterr().err.endswith("unstuck explain q13 --on train.py\n")


def test_several_processes_are_refused(folder, capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert outcome(["check", "train.py"]) == 2
    assert "several processes" in capsys.readouterr().err


def test_a_bad_pyproject_is_said(folder, capsys):
    (folder / "pyproject.toml").write_text("[tool.unstuck]\nsteps = 'many'\n")
    assert outcome(["check", "train.py"]) == 2
    assert "pyproject.toml: steps must be" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_script_is_said(folder, capsys):
    (folder / "train.py").chmod(0)
    assert outcome(["check", "train.py"]) == 2
    assert "cannot read train.py: Permission denied" in capsys.readouterr().err


def test_a_level_of_logging_that_does_not_exist_is_said(folder, capsys, monkeypatch):
    monkeypatch.setenv("UNSTUCK_LOG", "loud")
    assert outcome(["check", "train.py"]) == 2
    assert "UNSTUCK_LOG" in capsys.readouterr().err


def test_a_folder_that_is_gone_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert outcome(["report"]) == 2
    assert "no longer exists" in capsys.readouterr().err


def test_a_bug_of_ours_has_a_code_of_its_own(folder, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_dispatch", lambda _: 1 / 0)
    assert outcome(["doctor"]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_ctrl_c_before_anything_began_is_one_line(folder, capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_dispatch", interrupted)
    assert outcome(["check", "train.py"]) == 130
    assert capsys.readouterr().err == "unstuck: interrupted\n"


@pytest.mark.parametrize("command", ["check", "run", "report", "diff", "explain", "doctor"])
def test_help_teaches_with_examples(capsys, command):
    assert outcome([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"\n  unstuck {command}" in out.partition("example")[2]
    assert outcome(["--help"]) == 0
    assert f"unstuck {command}" in capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize(
    "words",
    [
        ["train.py", "--json", "x", "--help", "-m", "--", "--steps", "x"],
        ["--", "train.py", "--json", "x", "--help", "-m", "--", "--steps", "x"],
        ["--quiet", "--", "train.py", "--json", "x", "--help", "-m", "--", "--steps", "x"],
    ],
)
def test_what_follows_the_script_is_its_own(folder, words):
    options = cli._parser().parse_args(["check", *words])
    theirs = cli._script_words(options)
    assert theirs == ["train.py", "--json", "x", "--help", "-m", "--", "--steps", "x"]
    assert (options.json, options.steps, options.module) == (None, None, False)


def test_the_command_line_stands_above_the_file(folder):
    (folder / "pyproject.toml").write_text("[tool.unstuck]\nsteps = 7\nseconds = 8\n")
    options = cli._parser().parse_args(["check", "--steps", "9", "--select", "loss-broadcast, ,"])
    settings = cli._settings(options)
    assert (settings.steps, settings.seconds, settings.select) == (9, 8, ("loss-broadcast",))


def test_a_reader_that_hangs_up_is_no_error(place):
    with place.start(place.console, "explain") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
