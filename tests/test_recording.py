import errno
import json
import os

import pytest

from unstuck import files, recording
from unstuck.errors import RunNotFound
from unstuck.recording import Recorder
from unstuck.records import Run, ScriptRecord, plain


def a_run(name="name"):
    return Run(name, "2026-01-01T00:00:00+00:00", ScriptRecord("train.py"))


def recorded(base, name):
    recorder = Recorder(base, name)
    recorder.open()
    recorder.save(lambda: a_run(name), durable=True)
    assert recorder.failure is None
    return recorder


def test_a_run_is_read_back_by_name_prefix_and_path(tmp_path):
    for name in ("20260101-000000-a-1", "20260102-000000-b-2", "20260102-000000-bb-3"):
        recorded(tmp_path, name)
    runs = tmp_path / ".unstuck" / "runs"
    (runs / "20270101-000000-killed-at-once").mkdir()
    for wanted, name in {
        None: "20260102-000000-bb-3",
        "20260101": "20260101-000000-a-1",
        "20260102-000000-b-2": "20260102-000000-b-2",
        str(runs / "20260101-000000-a-1"): "20260101-000000-a-1",
        str(runs / "20260102-000000-b-2" / "run.json"): "20260102-000000-b-2",
    }.items():
        assert recording.load(tmp_path, wanted).name == name
    with pytest.raises(RunNotFound, match="could be any of 20260102-000000-b-2, 2026") as caught:
        recording.load(tmp_path, "20260102")
    assert caught.value.hint
    for wanted in ("nope", "../runs", "n" * 5000, "a\x1b[31m"):
        with pytest.raises(RunNotFound, match="no run named"):
            recording.load(tmp_path, wanted)


def test_without_runs_that_is_said(tmp_path):
    with pytest.raises(RunNotFound, match="no run is recorded"):
        recording.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"schema": 99}', b'{"schema": 1}', b"\xff\xfe", b"[" * 100_000],
)
def test_a_damaged_recording_is_one_clear_error(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(RunNotFound, match=r"run\.json") as caught:
        recording.load(tmp_path, str(tmp_path))
    assert "\n" not in caught.value.message


def test_git_does_not_see_the_folder_and_a_note_of_the_person_stays(tmp_path):
    recorded(tmp_path, "a")
    note = tmp_path / ".unstuck" / ".gitignore"
    assert note.read_text().splitlines()[-1] == "*"
    note.write_text("mine")
    recorded(tmp_path, "b")
    assert note.read_text() == "mine"


def test_the_newest_fifty_runs_are_kept(tmp_path):
    runs = tmp_path / ".unstuck" / "runs"
    for number in range(55):
        (runs / f"2026{number:04d}").mkdir(parents=True)
        (runs / f"2026{number:04d}" / "run.json").write_text("{}")
    (runs / "20260000" / "folder").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    (runs / "2025-link").symlink_to(elsewhere)
    recorded(tmp_path, "20269999")
    kept = sorted(each.name for each in runs.iterdir() if not each.is_symlink())
    assert len(kept) == 50
    assert kept[-1] == "20269999"
    assert kept[0] == "20260006"
    assert (elsewhere / "mine").read_text() == "mine"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EMFILE])
@pytest.mark.parametrize("nth", [0, 1, 2, 3])
def test_a_failing_write_is_remembered_and_never_raised(tmp_path, monkeypatch, code, nth):
    calls = iter(range(100))
    write = files.write_text

    def failing(*arguments, **how):
        if next(calls) == nth:
            raise OSError(code, os.strerror(code))
        write(*arguments, **how)

    monkeypatch.setattr(files, "write_text", failing)
    recorder = Recorder(tmp_path, "name")
    recorder.open()
    for _ in range(4):
        recorder.save(a_run)
    assert recorder.failure == f"not recorded under .unstuck: {os.strerror(code)}"
    assert not recorder.due


@pytest.mark.parametrize("spoil", [lambda f: f.write_text(""), lambda f: f.symlink_to(f)])
def test_a_folder_that_cannot_be_made_is_remembered(tmp_path, spoil):
    spoil(tmp_path / ".unstuck")
    recorder = Recorder(tmp_path, "name")
    recorder.open()
    recorder.save(a_run)
    assert recorder.failure


def test_a_run_that_cannot_be_made_is_not_asked_for_again_at_once(tmp_path):
    recorder = Recorder(tmp_path, "name")
    recorder.open()
    assert recorder.due
    with pytest.raises(ZeroDivisionError):
        recorder.save(lambda: 1 / 0)
    assert not recorder.due


@pytest.mark.parametrize(
    ("label", "stem"),
    [
        ("train.py", "train"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a b\n\x1b[31mä学.py", "a_b___31m__"),
        ("", "run"),
        (".py", "run"),
        ("x" * 300, "x" * 40),
        ("-rf", "-rf"),
    ],
)
def test_a_name_is_safe_and_sorts_by_time(tmp_path, label, stem):
    name = recording.new_name(label)
    assert name[15:] == f"-{stem}-{os.getpid()}"
    assert json.loads((recorded(tmp_path, name).folder / "run.json").read_text())["name"] == name


def test_a_run_is_found_by_the_name_of_its_script(tmp_path):
    for name in ("20260101-000000-train-1", "20260102-000000-train-2", "20260103-000000-other-3"):
        recorded(tmp_path, name)
    assert recording.load(tmp_path, "train").name == "20260102-000000-train-2"
    assert recording.load(tmp_path, "train.py").name == "20260102-000000-train-2"


def test_two_runs_to_compare_are_of_one_script(tmp_path):
    for name in ("20260101-000000-train-1", "20260102-000000-other-2", "20260103-000000-train-3"):
        recorded(tmp_path, name)
    pair = ("20260101-000000-train-1", "20260103-000000-train-3")
    assert recording.last_two(tmp_path) == pair
    assert recording.last_two(tmp_path, "train") == pair
    assert recording.last_two(tmp_path, "../folder/train.py") == pair
    with pytest.raises(RunNotFound, match="only one run of other") as caught:
        recording.last_two(tmp_path, "other.py")
    assert "of others: 20260101-000000-train-1, 2026" in caught.value.hint
    with pytest.raises(RunNotFound, match="no run of nope"):
        recording.last_two(tmp_path, "nope")
    with pytest.raises(RunNotFound, match="RUN2"):
        recording.last_two(tmp_path, "20260103")


def test_two_runs_are_needed_to_compare(tmp_path):
    with pytest.raises(RunNotFound, match="no run is recorded"):
        recording.last_two(tmp_path)
    recorded(tmp_path, "20260101-000000-train-1")
    with pytest.raises(RunNotFound, match="only one run of train is recorded"):
        recording.last_two(tmp_path)


def test_names_that_are_not_listed_are_counted(tmp_path):
    for number in range(8):
        recorded(tmp_path, f"2026010{number}-000000-train-{number}")
    with pytest.raises(RunNotFound, match=r"-train-7 and 3 more$"):
        recording.load(tmp_path, "2026")
    with pytest.raises(RunNotFound) as caught:
        recording.load(tmp_path, "nope")
    assert caught.value.hint.endswith("-train-7 and 3 more")


def test_a_script_that_lies_there_is_not_taken_for_a_recording(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("print(1)")
    recorded(tmp_path, "20260101-000000-train-1")
    assert recording.load(tmp_path, "train.py").name == "20260101-000000-train-1"


def test_a_report_is_not_taken_for_a_recording(tmp_path):
    report = tmp_path / "report.json"
    report.write_text(plain.dumps(a_run().plain()))
    with pytest.raises(RunNotFound, match="without the recorded facts"):
        recording.load(tmp_path, str(report))
