"""Bombs are refused before they expand: in less than a second and 200 MB each."""

import copy
import io
import os
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from unstuck.errors import BadData
from unstuck.fit import limits
from unstuck.fit.readers import Wish, read

MOST_SECONDS, MOST_BYTES = 1.0, 200e6


def npy(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


SMALL = npy(np.ones((20, 2)))
TWO = npy(np.arange(20) % 2)


def archive(path: Path, **members: bytes) -> zipfile.ZipFile:
    """An open archive with these members, and x and y besides."""
    opened = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    for name, content in ({"x.npy": SMALL, "y.npy": TWO} | members).items():
        opened.writestr(name, content)
    return opened


def zeros(path: Path) -> None:
    archive(path, **{"x.npy": npy(np.zeros(10**8, np.uint8))}).close()


def zeros_in_another_member(path: Path) -> None:
    archive(path, **{"other.npy": npy(np.zeros(10**8, np.uint8))}).close()


def many_small_ones(path: Path) -> None:
    archive(path, **{f"{i}.npy": npy(np.zeros(6 * 10**6, np.uint8)) for i in range(12)}).close()


def overlapping(path: Path) -> None:
    with archive(path) as opened:
        for number in range(40):
            again = copy.copy(opened.filelist[0])
            again.filename = f"{number}.npy"
            opened.filelist.append(again)


def a_thousand_and_one(path: Path) -> None:
    archive(path, **{f"{i}.npy": b"" for i in range(1001)}).close()


def nested(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as opened:
        opened.writestr("x.npy", SMALL)
    archive(path, **{"x.npy": inner.getvalue()}).close()


def named(name: str) -> Callable[[Path], None]:
    return lambda path: archive(path, **{name: SMALL}).close()


def twice(path: Path) -> None:
    with archive(path) as opened, pytest.warns(UserWarning, match="Duplicate name"):
        opened.writestr("x.npy", SMALL)


def link(path: Path) -> None:
    member = zipfile.ZipInfo("link.npy")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with archive(path) as opened:
        opened.writestr(member, "/etc/passwd")


def packed_by(way: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with archive(path) as opened:
            opened.writestr("z.npy", SMALL, compress_type=way)

    return make


def encrypted(path: Path) -> None:
    archive(path).close()
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


def objects(path: Path) -> None:
    archive(path, **{"y.npy": npy(np.array([{}], dtype=object))}).close()


def absurd(path: Path) -> None:
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 2)}\n"
    lie = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + b"\0" * 64
    archive(path, **{"x.npy": lie}).close()


def too_small_a_size(path: Path) -> None:
    """The member says it is shorter than what is packed in it."""
    with archive(path) as opened:
        opened.filelist[0].file_size = 200


def half(path: Path) -> None:
    archive(path).close()
    path.write_bytes(path.read_bytes()[:-30])


def no_x(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("a.npy", SMALL)


def holes(path: Path) -> None:
    count = 2**37
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count // 8}, 1)}}\n"
    start = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
    with path.open("wb") as stream:
        stream.write(start)
        stream.truncate(len(start) + count)


def holes_as_text(path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(b"a,b\n")
        stream.truncate(2**35)


def one_line(path: Path) -> None:
    path.write_bytes(b"a," * (9 * 2**20))


def wide(path: Path) -> None:
    path.write_bytes(b"a," * 10**6 + b"b\n")


def gzip_of_zeros(path: Path) -> None:
    import gzip

    path.write_bytes(gzip.compress(bytes(10**7)))


def parquet_of_zeros(path: Path) -> None:
    pl.DataFrame({"a": np.zeros(10**7), "y": np.zeros(10**7, np.int8)}).write_parquet(path)


def arrow_of_zeros(path: Path) -> None:
    frame = pl.DataFrame({"a": np.zeros(10**7), "y": np.zeros(10**7, np.int8)})
    frame.write_ipc(path, compression="zstd")


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


BOMBS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "zeros": ("d.npz", zeros, "d.npz, x.npy would grow from "),
    "zeros beside x": (
        "d.npz",
        zeros_in_another_member,
        "d.npz, other.npy would grow from ",
    ),
    "many small ones": (
        "d.npz",
        many_small_ones,
        "d.npz would grow from ",
    ),
    "overlapping members": (
        "d.npz",
        overlapping,
        "d.npz: its members overlap, as those of a bomb do",
    ),
    "a thousand and one members": (
        "d.npz",
        a_thousand_and_one,
        "d.npz has 1003 members, more than 1000",
    ),
    "an archive in it": ("d.npz", nested, "d.npz, x.npy is no array of NumPy"),
    "a path upwards": (
        "d.npz",
        named("../x.npy"),
        "d.npz: the member '../x.npy' has a path for a name",
    ),
    "a path from the root": (
        "d.npz",
        named("/x.npy"),
        "d.npz: the member '/x.npy' has a path for a name",
    ),
    "a path inside": (
        "d.npz",
        named("a/../x.npy"),
        "d.npz: the member 'a/../x.npy' has a path for a name",
    ),
    "a path of Windows": (
        "d.npz",
        named("..\\x.npy"),
        "d.npz: the member '..\\\\x.npy' has a path for a name",
    ),
    "a folder": ("d.npz", named("a/"), "d.npz: the member 'a/' has a path for a name"),
    "a program": ("d.npz", named("setup.py"), "d.npz: the member 'setup.py' is no array (.npy)"),
    "a link": ("d.npz", link, "d.npz: the member 'link.npy' is a link"),
    "a name twice": ("d.npz", twice, "d.npz: two members are named 'x.npy'"),
    "packed by bzip2": (
        "d.npz",
        packed_by(zipfile.ZIP_BZIP2),
        "d.npz: the member 'z.npy' is packed in a way that numpy.savez does not use",
    ),
    "packed by LZMA": (
        "d.npz",
        packed_by(zipfile.ZIP_LZMA),
        "d.npz: the member 'z.npy' is packed in a way that numpy.savez does not use",
    ),
    "encrypted": ("d.npz", encrypted, "d.npz: the member 'x.npy' is encrypted"),
    "objects": ("d.npz", objects, "d.npz, y.npy holds Python objects, which can run code"),
    "an absurd shape": (
        "d.npz",
        absurd,
        "d.npz, x.npy is cut off: 64 bytes of numbers for an array of 16 TB",
    ),
    "a size too small": ("d.npz", too_small_a_size, "d.npz is damaged: "),
    "half an archive": ("d.npz", half, "d.npz is damaged: "),
    "nothing that is called x": ("d.npz", no_x, "d.npz holds a, but no x"),
    "a file of holes": (
        "x.npy",
        holes,
        "x.npy would grow from 4.1 kB to 137 GB: it looks like a bomb",
    ),
    "a text of holes": (
        "d.csv",
        holes_as_text,
        "d.csv would grow from 4.1 kB to 34.4 GB: it looks like a bomb",
    ),
    "one endless line": ("d.csv", one_line, "d.csv: line 1 is longer than 16.8 MB"),
    "a million columns": ("d.csv", wide, "d.csv has 1000001 columns, more than 100000"),
    "zeros in a text": ("d.csv", gzip_of_zeros, "d.csv is packed by gzip"),
    "zeros in Parquet": ("d.parquet", parquet_of_zeros, "d.parquet would grow from "),
    "zeros in Arrow": ("d.arrow", arrow_of_zeros, "d.arrow would grow from "),
    "a file without an end": ("d.csv", endless, "cannot read d.csv: it is a device or a pipe"),
}


def _memory(field: str) -> float:
    """Bytes of this process: now (VmRSS), or at most since the last reset (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(float(line.split()[1]) for line in lines if line.startswith(field))


def _reset_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False  # another system
    return True


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_expands(tmp_path, monkeypatch, name):
    file, make, message = BOMBS[name]
    monkeypatch.chdir(tmp_path)
    make(tmp_path / file)
    measured = _reset_peak()
    before, begun = _memory("VmRSS") if measured else 0.0, time.process_time()
    with pytest.raises(BadData) as caught:
        read(file, Wish())
    assert caught.value.message.startswith(message)
    # Of this process: what others do meanwhile does not count.
    assert time.process_time() - begun < MOST_SECONDS
    if measured:
        assert _memory("VmHWM") - before < MOST_BYTES
    assert os.listdir(tmp_path) == [file]  # noqa: PTH208 - nothing came out of it


def test_a_small_archive_of_zeros_is_none(tmp_path):
    np.savez_compressed(tmp_path / "d.npz", x=np.zeros((1000, 50)), y=np.arange(1000) % 2)
    assert len(read(tmp_path / "d.npz", Wish())) == 1000


def test_what_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "room", lambda: 10**9)
    limits.refuse_expanding("d.npz", 10**8, 10**9)
    with pytest.raises(BadData, match=r"d\.npz needs 2 GB, half of the memory is 1 GB"):
        limits.refuse_expanding("d.npz", 10**8, 2 * 10**9)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (3e15, "3 PB"), (2e19, "2e+04 PB")],
)
def test_sizes_read_well(size, text):
    assert limits.said(size) == text


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize(
    "values",
    [
        np.ones((3, 2)),
        np.asfortranarray(np.ones((3, 2), np.float32)),
        np.arange(5),
        np.zeros((0, 3)),
    ],
)
def test_headers_are_read_as_numpy_writes_them(version, values):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, values, version=version)
    size = stream.tell()
    stream.seek(0)
    found = limits.npy_header(stream, size, "x")
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    assert found.offset == stream.tell()
    assert found.fortran == (values.flags.f_contiguous and not values.flags.c_contiguous)
