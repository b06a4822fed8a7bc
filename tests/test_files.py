import errno
import os
import stat

import pytest

from unstuck import files
from unstuck.errors import ReportNotWritten

TEXTS = ["", "x", "ä 学 \ud800 \x00", "long " * 100_000]


@pytest.mark.parametrize("durable", [True, False])
def test_a_text_is_written_whole_and_alone(tmp_path, durable):
    path = tmp_path / ("ä" * 80 + ".json")
    for text in TEXTS:
        files.write_text(path, text, durable=durable)
        assert path.read_bytes() == text.encode("utf-8", "backslashreplace")
        assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, code):
    path = tmp_path / "run.json"
    files.write_text(path, "old")

    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    if step == "open":
        monkeypatch.setattr(files.Path, "open", fail)
    elif step == "fsync":
        monkeypatch.setattr(files.os, "fsync", fail)
    else:
        monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises(OSError, match=os.strerror(code)):
        files.write_text(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_the_umask_of_the_person_holds(tmp_path):
    before = os.umask(0o077)
    try:
        files.write_text(tmp_path / "a", "secret")
        os.umask(0o022)
        files.write_text(tmp_path / "b", "text")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"]
    assert modes == [0o600, 0o644]


def test_a_report_goes_through_a_link_and_into_a_pipe(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    files.write_report(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "text"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.refuse_unwritable(tmp_path / "pipe")
    files.write_report(tmp_path / "pipe", "piped")
    assert os.read(reader, 10) == b"piped"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing/report.json", "there is no such folder"),
        (".", "it is a folder"),
        ("file/report.json", "no such folder"),
        ("n" * 5000, "File name too long"),
        ("loop/report.json", "symbolic links|no such folder"),
    ],
)
def test_where_a_report_cannot_go_is_known_before(tmp_path, name, reason):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ReportNotWritten, match=reason):
        files.refuse_unwritable(tmp_path / name)
    with pytest.raises(ReportNotWritten, match="cannot write"):
        files.write_report(tmp_path / name, "text")


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    files.refuse_unwritable(tmp_path / "report.json")
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    with pytest.raises(ReportNotWritten, match="no permission"):
        files.refuse_unwritable(tmp_path / "report.json")
