"""Recorded runs are read again."""

import json
import re

import pytest

from unstuck.commands import report
from unstuck.config import Settings
from unstuck.errors import ReportNotWritten


def test_a_run_is_reported_by_name_prefix_and_path(checked):
    name = checked.json["name"]
    texts = set()
    for words in ([], [name], [name[:12]], [f".unstuck/runs/{name}"], [checked.runs[0]]):
        done = checked.unstuck("report", *words)
        assert (done.stderr, done.returncode) == ("", 1)
        texts.add(done.stdout)
    assert len(texts) == 1
    assert "Warning: cross_entropy receives probabilities" in texts.pop()


def test_the_json_is_that_of_the_check(checked):
    done = checked.unstuck("report", "--json", "-")
    assert json.loads(done.stdout) == checked.json
    done = checked.unstuck("report", "--json", "/dev/stdout")
    assert json.loads(done.stdout) == checked.json
    done = checked.unstuck("report", "--json", "again.json", "--html", "again.html")
    assert (done.stdout, done.returncode) == ("", 1)
    assert json.loads((checked.folder / "again.json").read_text()) == checked.json
    assert (checked.folder / "again.html").read_text().startswith("<!")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("", 1),
        ("--fail-on error", 0),
        ("--fail-on warning", 1),
        ("--fail-on note", 1),
        ("--fail-on never", 0),
        ("--ignore softmax-before-cross-entropy", 0),
        ("--select softmax-before-cross-entropy", 1),
        ("--select loss-broadcast,stale-gradients", 0),
    ],
)
def test_the_exit_code_goes_by_what_fails(checked, options, code):
    done = checked.unstuck("report", *options.split())
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_the_first_line_says_which_run_it_is(checked):
    first, second, *_ = checked.unstuck("report").stdout.splitlines()
    assert first.startswith(f"{checked.json['name']}, train.py, 20")
    assert second.startswith("Warning: ")


def test_the_recorded_runs_are_listed(checked):
    done = checked.unstuck("report", "--list")
    [line] = done.stdout.splitlines()
    assert (done.stderr, done.returncode) == ("", 0)
    name, date, script, ended, said = re.split("  +", line, maxsplit=4)
    assert (name, script, ended) == (checked.json["name"], "train.py", "stopped (steps)")
    assert date.startswith("20")
    assert said.startswith("Warning: cross_entropy receives probabilities")


def test_a_recording_that_cannot_be_read_is_listed_as_such(tmp_path, monkeypatch, capsys):
    (tmp_path / ".unstuck" / "runs" / "20260101-000000-train-1").mkdir(parents=True)
    (tmp_path / ".unstuck" / "runs" / "20260101-000000-train-1" / "run.json").write_text("{")
    monkeypatch.chdir(tmp_path)
    report.list_runs(Settings())
    assert "run.json" in capsys.readouterr().out


def test_runs_of_different_scripts_are_said_to_be_so(checked, tmp_path):
    name = checked.json["name"]
    body = checked.record()
    body["script"]["path"] = "/elsewhere/other.py"
    (tmp_path / "run.json").write_text(json.dumps(body))
    first = checked.unstuck("diff", name, tmp_path).stdout.splitlines()[0]
    assert first.startswith("These are runs of different scripts: ")
    assert first.endswith("/train.py and /elsewhere/other.py")
    assert "different scripts" not in checked.unstuck("diff", name, name).stdout
    alone = checked.unstuck("diff")
    assert "only one run of train is recorded here" in alone.stderr
    assert alone.returncode == 2


def test_a_run_does_not_differ_from_itself(checked):
    name = checked.json["name"]
    done = checked.unstuck("diff", name, name)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout


def test_facts_that_are_damaged_lose_only_their_checks(checked, tmp_path):
    body = checked.record()
    body["facts"]["families"]["optimizers"] = 7
    (tmp_path / "run.json").write_text(json.dumps(body))
    done = checked.unstuck("report", "--json", "-", tmp_path)
    found = json.loads(done.stdout)
    assert "the check itself failed" in found["not_checked"]["stale-gradients"]
    assert "softmax-before-cross-entropy" in found["checked"]


def test_a_page_to_look_at_is_written_where_git_does_not_see_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = report.beside_recordings("report.html", hint="try --html")
    assert page == tmp_path / ".unstuck" / "report.html"
    assert (tmp_path / ".unstuck" / ".gitignore").exists()
    report.open_in_browser(page, lambda address: address.startswith("file:///") and False)
    assert f"open {page}" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / ".unstuck").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReportNotWritten, match="File exists"):
        report.beside_recordings("report.html", hint="try --html")
