"""``explain --prove``: experiments in processes of their own, judged and held against the record."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from unstuck.cli import main
from unstuck.commands import prove as command
from unstuck.commands.prove import proofs_of, prove, told
from unstuck.errors import UsageError
from unstuck.questions import Evidence, all_questions

Q03 = all_questions()["q03"]


@pytest.fixture(scope="module")
def evidence():
    [made] = proofs_of([Q03], range(3))
    return made


def test_a_proof_in_another_process_is_the_proof_in_this_one(evidence):
    here = Q03.prove(range(3))
    assert here.numbers == evidence.numbers
    assert [each.verdict for each in here.results] == [each.verdict for each in evidence.results]


def test_it_gives_the_recorded_verdicts_with_other_seeds(evidence):
    assert {each.verdict for each in evidence.results} == {"supported"}


def test_it_leaves_the_random_state_and_the_threads(monkeypatch):
    import torch

    monkeypatch.setattr(Q03._module, "experiment", drawing)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    Q03.prove(range(3))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def drawing(lab):
    import torch

    from unstuck.questions._lab import Measured

    torch.rand(3)
    names = {each.number for each in Q03._module.PREDICTIONS}
    return Measured({name: [1.0] * len(lab.seeds) for name in names})


def test_a_number_that_is_not_finite_is_a_bug_of_the_experiment(monkeypatch):
    def broken(lab):
        measured = drawing(lab)
        measured.numbers["dropout"][0] = float("nan")
        return measured

    monkeypatch.setattr(Q03._module, "experiment", broken)
    with pytest.raises(ValueError, match="dropout is not finite"):
        Q03.prove(range(3))


def test_what_is_told_names_every_claim_that_was_judged(evidence):
    text = told(evidence)
    assert text.startswith("q03: Can a network")
    assert text.count("    supported: ") == len(evidence.results)
    assert '  "the derivatives are the same for every w": wrong.' in text
    assert max(map(len, text.splitlines())) <= 98


def test_what_differs_from_the_record_is_told(evidence):
    first = replace(evidence.results[0], verdict="refuted", mean=5.0, interval=(4.0, 6.0))
    text = told(replace(evidence, results=(first, *evidence.results[1:])))
    assert "Not as in the proof recorded on" in text
    assert "here 5 (4 to 6), refuted; recorded 0, supported" in " ".join(text.split())


def test_the_numbers_go_to_a_folder_and_the_picture_beside_the_recordings(
    evidence, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "proofs_of", lambda questions, seeds: iter([evidence]))
    assert prove([Q03], folder=tmp_path / "made" / "here") == 0
    assert Evidence.loads((tmp_path / "made" / "here" / "q03.json").read_text()) == evidence
    assert "<svg" in (tmp_path / ".unstuck" / "q03.html").read_text()
    assert "9 supported" in capsys.readouterr().out


def test_something_refuted_gives_exit_code_1(evidence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = replace(evidence, results=(replace(evidence.results[0], verdict="refuted"),))
    monkeypatch.setattr(command, "proofs_of", lambda questions, seeds: iter([wrong]))
    assert prove([Q03]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["q03", "--all"], "--all is for --prove"),
        (["q03", "--seed", "0"], "--seed is for --prove"),
        (["--prove"], "--prove runs one question or --all"),
        (["q03", "--prove", "--all"], "--prove runs one question or --all"),
        (["add-momentum", "--prove"], "add-momentum is no question"),
        (["zzz", "--prove"], "nothing to explain is named"),
        (["q03", "--prove", "--seed", "-1"], "no seed"),
        (["q03", "--prove", "--on", "train.py"], "--on asks one question"),
        (["q03", "--prove", "--evidence", "/proc/none"], "cannot write"),
    ],
)
def test_a_wrong_command_is_one_line_and_exit_code_2(arguments, message, capsys):
    try:
        code = main(["explain", *arguments])
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_ctrl_c_ends_the_experiments_and_says_how_many_were_made(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-m", "unstuck", "explain", "--prove", "--all"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in child.stderr:
        if line.startswith("unstuck: proving"):
            break
    time.sleep(0.3)
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert re.search(r"interrupted, 0 of \d+ proven", err)
    assert "Traceback" not in out + err
    deadline = time.monotonic() + 20
    while _alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert _alive(child.pid) == []


def _alive(group):
    """The processes of a group that still run; one that only waits to be reaped does not."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(path.parent.name)
    return found


@pytest.mark.parametrize("alone", [True, False])
def test_an_experiment_that_cannot_be_made_here_ends_only_itself(alone, capsys):
    future = Future()
    future.set_exception(UsageError("only on the moon", "go there"))
    if alone:
        with pytest.raises(UsageError, match="moon"):
            list(command._made(future, "q12", alone=True))
    else:
        assert list(command._made(future, "q12", alone=False)) == []
        assert "q12 is not proven here: only on the moon" in capsys.readouterr().err
