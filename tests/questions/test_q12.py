"""Data larger than memory: what is said of a run, and the process that reads a file."""

import io
import json
import subprocess
import sys
import tempfile

import numpy as np
import pytest

from unstuck.errors import UsageError
from unstuck.questions import _reader
from unstuck.questions import q12_data_larger_than_memory as q12
from unstuck.questions._lab import Lab
from unstuck.records import Facts

MB = 1_000_000
FILE = {"path": "x.npy", "size": 300 * MB, "mapped": True, "wanted_mapped": True, "place": None}
HELD = {"name": "data", "size": 1200 * MB, "entries": 1, "mapped": False, "place": None}

linux = pytest.mark.skipif("RssAnon" not in _reader.status(), reason="private memory is not told")


def said(files=(), held=(), anonymous=200 * MB, total=0):
    memory = {"files": files, "held": held, "anonymous": anonymous, "total": total}
    return list(q12.on(Facts({"memory": memory | {"anonymous_at_start": 200 * MB}})))


def test_a_mapped_file_and_its_copy_are_told():
    assert said([FILE], [HELD, HELD | {"mapped": True}], 1500 * MB, 4000 * MB) == [
        "x.npy (300 MB) is mapped: only pages in use take memory",
        "data holds 1200 MB in private memory",
        "private memory grew by 1300 MB, with the libraries, the model and its activations, to "
        "1500 MB of 4000 MB",
    ]


def test_a_file_that_was_read_whole_is_told_and_whether_a_map_was_wanted():
    archive = FILE | {"path": "x.npz", "mapped": False}
    assert said([archive, archive | {"wanted_mapped": False}]) == [
        "x.npz (300 MB) is read into memory as a whole, although mmap_mode was given: an archive is "
        "not mapped",
        "x.npz (300 MB) is read into memory as a whole",
    ]


def test_what_was_not_recorded_is_said():
    assert list(q12.on(Facts())) == []
    assert list(q12.on(Facts({}, {"memory": "no /proc"}))) == [
        "what lies in memory was not recorded: no /proc"
    ]


def test_a_system_that_does_not_tell_private_memory_is_refused(monkeypatch):
    monkeypatch.setattr(_reader, "status", dict)
    with pytest.raises(UsageError, match="does not tell how much memory is private"):
        q12.experiment(Lab((0,)))


def test_a_full_disk_is_one_line(monkeypatch):
    def save(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", save)
    with pytest.raises(UsageError, match=r"cannot write 31 MB to .*: No space left on device"):
        q12._write(io.BytesIO(), io.BytesIO(), 0)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(_reader, "ROWS", 640)
    monkeypatch.setattr(q12, "ROWS", 640)
    np.save(tmp_path / "x.npy", q12.images(0))
    np.savez(tmp_path / "x.npz", x=q12.images(0))
    return tmp_path / "x.npy"


@linux
def test_every_way_learns_the_same(path):
    read = {way: _reader.read(str(path), way, 0, 64) for way in ("load", "map", "copied", "cast")}
    read["archive"] = _reader.read(str(path.with_suffix(".npz")), "archive", 0, 64)
    assert [way for way, each in read.items() if each["memmap"]] == ["map", "cast"]
    assert all(each["weights"] == read["load"]["weights"] for each in read.values())
    assert [way for way, each in read.items() if "again" in each] == ["map"]
    assert _reader.read(str(path), "map", 1, 64)["weights"] != read["map"]["weights"]


def test_the_weights_are_those_of_gradient_descent(path):
    torch = pytest.importorskip("torch")
    x, order = np.load(path), np.random.default_rng(0).permutation(640)
    weights = torch.zeros(784, 10, dtype=torch.float64, requires_grad=True)
    for rows in torch.tensor(order).split(64):
        outputs = torch.tensor(x)[rows].double() / 255 @ weights
        loss = torch.nn.functional.cross_entropy(outputs, rows % 10)
        [slopes] = torch.autograd.grad(loss, [weights])
        with torch.no_grad():
            weights -= _reader.RATE * slopes
    np.testing.assert_allclose(_reader.train(x, order, 64), weights.detach(), atol=1e-12)


@linux
def test_a_file_without_a_name_is_read_by_another_process_within_its_limit():
    with tempfile.TemporaryFile() as file:
        np.save(file, np.zeros((_reader.ROWS, _reader.PIXELS), np.uint8))
        file.flush()
        load = q12._read(file, "np.load, limited, batches of 8", 0)
        limited = q12._read(file, "map, limited", 0)
    assert load == {"fits": False}
    assert limited["fits"]
    assert limited["private"] < 0.2 * q12.SIZE < limited["resident"]
    assert limited["dropped"] > 0.9 * q12.SIZE
    assert limited["again"] == limited["weights"]


@linux
def test_an_arm_that_breaks_says_why():
    with tempfile.TemporaryFile() as empty, pytest.raises(RuntimeError, match="EOFError"):
        q12._read(empty, "np.load", 0)


def test_the_script_loads_nothing_but_numpy():
    listing = f"import runpy, sys; runpy.run_path({_reader.__file__!r}); print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True)
    assert b"'numpy'" in done.stdout
    assert b"'torch'" not in done.stdout


def test_the_table_leaves_out_what_did_not_fit():
    one = {"fits": True, "private": 2 * MB, "resident": 5 * MB}
    rows = q12._rows({"a": [{"fits": False}], "b": [one, one]})
    assert json.loads(json.dumps(rows)) == [
        {"arm": "b", "kind": "private", "private": 1, "megabytes": 2.0},
        {"arm": "b", "kind": "mapped from a file", "private": 0, "megabytes": 3.0},
    ]
