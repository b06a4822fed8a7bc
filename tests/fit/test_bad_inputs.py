"""Bad input gives one clear line with file and row: never a traceback, never silence."""

import io
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from unstuck.errors import BadData, UnstuckError
from unstuck.fit.fitting import prepared
from unstuck.fit.readers import Wish, read


def refusal(
    data: Any, y: Any = None, *, target: tuple[str, ...] = (), kind: Any = None, **how: Any
):
    """The error of reading and preparing: one line and one hint, none of them long."""
    with pytest.raises(UnstuckError) as caught:
        prepared(read(data, Wish(target, kind=kind, **how), y), kind=kind)
    error = caught.value
    assert error.hint
    for line in (error.message, error.hint):
        assert "\n" not in line
        assert len(line) < 400
        assert "Traceback" not in line
    return error.message


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


GOOD = "".join(f"{i % 7},{'ab'[i % 2]},{'xyz'[i % 3]}\n" for i in range(60))


def table(*lines: str, head: str = "size,kind,label", good: str = GOOD) -> bytes:
    """A table of 60 good rows, then these lines: the first is line 62."""
    return f"{head}\n{good}{''.join(line + chr(10) for line in lines)}".encode()


TEXT = {
    # What is no table at all.
    "zero bytes": (b"", "d.csv is empty"),
    "only a newline": (b"\n", "d.csv, line 2: no names of columns"),
    "only a byte order mark": (b"\xef\xbb\xbf", "d.csv, line 1: no names of columns"),
    "a PNG image": (b"\x89PNG\r\n\x1a\n", "d.csv is a PNG image"),
    "a JPEG image": (b"\xff\xd8\xff\xe0", "d.csv is a JPEG image"),
    "a Parquet file": (b"PAR1....PAR1", "d.csv is a Parquet file"),
    "an array": (b"\x93NUMPY\x01\x00", "d.csv is an array of NumPy (.npy)"),
    "a spreadsheet": (b"PK\x03\x04xl", "d.csv is a zip archive (or a spreadsheet)"),
    "an old spreadsheet": (b"\xd0\xcf\x11\xe0", "d.csv is an old spreadsheet"),
    "a pickle": (b"\x80\x04\x95", "d.csv is a pickle"),
    "a PDF": (b"%PDF-1.7\n", "d.csv is a PDF document"),
    "gzip": (b"\x1f\x8b\x08", "d.csv is packed by gzip"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "d.csv is text in UTF-16"),
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "d.csv is no text"),
    "Latin-1": (
        table() + "1,b,Köln\n".encode("latin-1"),
        "d.csv, line 62: the byte 0xf6 is not UTF-8",
    ),
    "Latin-1 in the header": (
        "Größe,label\n1,a\n".encode("latin-1"),
        "d.csv, line 1: the byte 0xf6 is not UTF-8",
    ),
    "old Macintosh": (b"a,b\r1,2\r3,4\r", "d.csv: its lines end as on an old Macintosh"),
    # The header.
    "only a header": (b"a,b\n", "d.csv: there are no examples"),
    "no header": (b"1,2,5\n4,5,6\n", "d.csv, line 1: no names of columns, but numbers"),
    "no header, but a name in its place": (
        b"5.1,3.5,setosa\n4.9,3.0,setosa\n",
        "d.csv, line 1: no names of columns, but numbers",
    ),
    "one column": (b"a\n1\n2\n", "d.csv, line 1: only one column, 'a'"),
    "wrong separator": (b"a:b\n1:2\n", "d.csv, line 1: only one column, 'a:b'"),
    "two columns of one name": (
        table(head="size,size,label"),
        "d.csv, line 1: two columns are named 'size'",
    ),
    "names equal but for spaces": (
        table(head="a, a,label"),
        "d.csv, line 1: two columns are named 'a'",
    ),
    "a million columns": (
        ",".join(f"c{i}" for i in range(10**6)).encode() + b"\n",
        "d.csv has 1000000 columns, more than 100000",
    ),
    # The rows.
    "a value too few": (table("1,a"), "d.csv, line 62: 2 values, but 3 columns"),
    "a value too many": (table("1,a,x,y"), "d.csv, line 62: 4 values, but 3 columns"),
    "too few behind a broken line": (
        table('1,"a\nb",x', "2,a"),
        "d.csv, line 64: 2 values, but 3 columns",
    ),
    "too few behind a blank line": (table("", "1,a"), "d.csv, line 63: 2 values, but 3 columns"),
    "an open quotation mark": (
        table('1,"a,x', "1,a,x"),
        "d.csv, line 62: a quotation mark is not closed",
    ),
    "a truncated last line": (table()[:-4], "d.csv, line 61: 2 values, but 3 columns"),
    "a decimal comma in quotes": (
        table('"1,5",a,x'),
        "d.csv, line 62: size is '1,5', no number",
    ),
    "decimal commas throughout": (
        table(head="size;kind;label", good="".join(f"{i},5;a;{'xy'[i % 2]}\n" for i in range(60))),
        "d.csv, line 2: size is '0,5', a number with a comma",
    ),
    "points for thousands": (
        table(
            head="size;kind;label",
            good="".join(f"1.{100 + i},5;a;{'xy'[i % 2]}\n" for i in range(60)),
        ),
        "d.csv, line 2: size is '1.100,5', a number with a comma",
    ),
    "a word among numbers": (table("big,a,x"), "d.csv, line 62: size is 'big', no number"),
    "a unit among numbers": (table("3 cm,a,x"), "d.csv, line 62: size is '3 cm', no number"),
    "a formula's error": (table("#DIV/0!,a,x"), "d.csv, line 62: size is '#DIV/0!', no number"),
    "a very long word": (
        table("w" * 500 + ",a,x"),
        f"d.csv, line 62: size is '{'w' * 37}...', no number",
    ),
    "infinite": (table("inf,a,x"), "d.csv, line 62: size is infinite"),
    "minus infinite": (table("-Infinity,a,x"), "d.csv, line 62: size is infinite"),
    "too large for a number": (table("1e999,a,x"), "d.csv, line 62: size is infinite"),
    "a day that is none": (
        table(
            "2021-02-30,a,x",
            good="".join(f"2021-02-{1 + i % 28:02},a,{'xy'[i % 2]}\n" for i in range(60)),
        ),
        "d.csv, line 62: size is '2021-02-30', no date as the others are",
    ),
    # The target.
    "one row": (b"a,b\n1,2\n", "all 1 examples are of one class, 2"),
    "few rows": (b"a,b\n1,x\n2,y\n3,x\n4,y\n", "4 examples are too few"),
    "one class": (
        table(good=GOOD.replace("y", "x").replace("z", "x")),
        "all 60 examples are of one class, 'x'",
    ),
    "an empty target": (
        table(good="1,a,\n" * 60),
        "d.csv: 60 of 60 rows have no target, the first is d.csv, line 2",
    ),
    "mostly without a target": (
        table(*["1,a,"] * 61),
        "d.csv: 61 of 121 rows have no target, the first is d.csv, line 62",
    ),
    "a target of names of rows": (
        table(good="".join(f"{i},a,name {i}\n" for i in range(60))),
        "the targets have 60 different values in 60 rows: these are no classes",
    ),
    "an infinite target": (
        table("1,a,inf", good="".join(f"{i % 5},a,{i}.5\n" for i in range(60))),
        "d.csv, line 62: label is infinite",
    ),
    "a constant target of numbers": (
        table(good="".join(f"{i % 5},a,2.5\n" for i in range(60))),
        "label is the same in all rows",
    ),
    "a target of dates": (
        table(good="".join(f"{i},a,2021-02-{1 + i % 28:02}\n" for i in range(60))),
        "label holds dates, which cannot be predicted",
    ),
    # The features.
    "only constant features": (
        table(good="".join(f"1,a,{'xy'[i % 2]}\n" for i in range(60))),
        "no column is left to learn from",
    ),
    "only names of rows": (
        table(head="key,label", good="".join(f"k{i},{'xy'[i % 2]}\n" for i in range(60))),
        "no column is left to learn from",
    ),
    "only empty features": (
        table(head="a,label", good="".join(f",{'xy'[i % 2]}\n" for i in range(60))),
        "no column is left to learn from",
    ),
    "only a count of rows": (
        table(head="a,label", good="".join(f"{i},{'xy'[i % 2]}\n" for i in range(60))),
        "no column is left to learn from",
    ),
}


@pytest.mark.parametrize("name", TEXT)
def test_a_bad_text(here, name):
    content, message = TEXT[name]
    (here / "d.csv").write_bytes(content)
    assert refusal("d.csv") == message


ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "a column that is not there": (
        {"target": ("lable",)},
        "d.csv: there is no column 'lable'",
    ),
    "a column twice": ({"target": ("label", "label")}, "--target names a column twice"),
    "all columns": (
        {"target": ("size", "kind", "label")},
        "d.csv: no column is left to learn from",
    ),
    "names as quantities": (
        {"target": ("label",), "kind": "regression"},
        "the targets are no numbers",
    ),
    "three classes as two": (
        {"target": ("label",), "kind": "binary"},
        "the targets have 3 classes, not 2",
    ),
    "names as several targets": ({"target": ("label", "kind")}, "the targets are no numbers"),
    "quantities as labels": (
        {"target": ("size", "kind"), "kind": "multi-label"},
        "the columns of labels hold other values than 0 and 1",
    ),
    "a task that is none": ({"kind": "clustering"}, "there is no task 'clustering'"),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_bad_wish(here, name):
    how, message = ASKED[name]
    (here / "d.csv").write_bytes(table())
    assert refusal("d.csv", **how) == message


def npy(values: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def header(text: str, content: bytes = b"") -> bytes:
    """A file .npy that says of itself what it likes."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + content


def shaped(shape: str, kind: str = "<f8", content: bytes = b"\0" * 64) -> bytes:
    return header(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n", content)


class Harm:
    """What unpickling it would do."""

    def __reduce__(self):
        return os.system, ("touch harmed",)


def objects() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([Harm()], dtype=object), allow_pickle=True)
    return stream.getvalue()


NPY = {
    "zero bytes": (b"", "x.npy is empty"),
    "a PNG image": (b"\x89PNG\r\n\x1a\n", "x.npy is a PNG image"),
    "text": (b"1,2\n3,4\n", "x.npy is no array of NumPy"),
    "eight bytes": (b"\x93NUMPY\x01\x00", "x.npy is no array of NumPy"),
    "an unknown version": (b"\x93NUMPY\x09\x00" + b"\0" * 99, "x.npy has a header that is damaged"),
    "half a header": (npy(np.ones(4))[:40], "x.npy has a header that is damaged"),
    "half an array": (
        npy(np.ones((100, 4)))[:-1600],
        "x.npy is cut off: 1.6 kB of numbers for an array of 3.2 kB",
    ),
    "more than an array": (
        npy(np.ones((4, 4))) + b"\0" * 8,
        "x.npy holds more than its header says: 136 bytes of numbers for an array of 128 bytes",
    ),
    "Python objects": (objects(), "x.npy holds Python objects, which can run code"),
    "a header that calls": (
        header("__import__('os').system('touch harmed')\n"),
        "x.npy has a header that is damaged",
    ),
    "a header of brackets": (header("[" * 9000), "x.npy has a header that is damaged"),
    "a negative shape": (shaped("(-1, 4)"), "x.npy has a header that is damaged"),
    "a shape of words": (shaped("('a',)"), "x.npy has a header that is damaged"),
    "a kind that is none": (shaped("(8,)", "<q9"), "x.npy has a header that is damaged"),
    "an absurd shape": (
        shaped("(10**6, 10**12)".replace("10**6", "1000000").replace("10**12", "1000000000000")),
        "x.npy is cut off: 64 bytes of numbers for an array of 8e+03 PB",
    ),
    "a single number": (npy(np.float64(3)), "x.npy has 0 dimensions"),
    "no rows": (npy(np.ones((0, 4))), "x.npy: there are no examples"),
    "no features": (npy(np.ones((4, 0))), "x.npy: there are no examples"),
    "five dimensions": (npy(np.ones((20, 2, 2, 2, 2))), "x.npy has 5 dimensions"),
    "complex numbers": (npy(np.ones((20, 2), complex)), "x.npy holds complex numbers, not numbers"),
    "text inside": (npy(np.array([["a"]] * 20)), "x.npy holds text, not numbers"),
    "dates": (
        npy(np.array([["2020-01-01"]] * 20, "datetime64[D]")),
        "x.npy holds dates, not numbers",
    ),
    "records": (npy(np.zeros(20, [("a", "f8"), ("b", "i4")])), "x.npy holds records, not numbers"),
    "an infinite value": (
        npy(np.where(np.arange(40).reshape(20, 2) == 13, np.inf, 1.0)),
        "x.npy, row 7, feature 2: the value is infinite",
    ),
    "a million features": (
        npy(np.ones((1, 10**6), np.int8)),
        "x.npy has 1000000 columns, more than 100000",
    ),
    "fewer targets": (npy(np.ones((21, 2))), "x.npy: 21 inputs, but 20 targets"),
}


@pytest.mark.parametrize("name", NPY)
def test_a_bad_array_in_a_file(here, name):
    content, message = NPY[name]
    (here / "x.npy").write_bytes(content)
    (here / "y.npy").write_bytes(npy(np.arange(20) % 2))
    assert refusal("x.npy", labels=Path("y.npy")) == message
    assert not (here / "harmed").exists()


def test_an_array_without_targets(here):
    (here / "x.npy").write_bytes(npy(np.ones((20, 2))))
    assert refusal("x.npy") == "x.npy: there are no targets"


ROWS = np.arange(40.0).reshape(20, 2) % 7
TWO = [0, 1] * 10


@dataclass
class Bad:
    """An object, what it is trained on with, and what is said."""

    message: str
    data: Any = None
    y: Any = None
    kind: str | None = None


def ragged() -> list[list[float]]:
    return [*ROWS.tolist()[:5], [1.0], *ROWS.tolist()[6:]]


class Named:
    """An object of a kind that nobody reads."""


class Few(torch.utils.data.Dataset):
    """A map-style Dataset of the items it is given."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: int) -> Any:
        return self.items[place]


def nan_at(row: int) -> Any:
    values = ROWS[:, 0].copy() + 0.5
    values[row] = np.inf
    return values


OBJECTS: dict[str, Callable[[], Bad]] = {
    "nothing": lambda: Bad("cannot train on a NoneType"),
    "a number": lambda: Bad("cannot train on a int", 3),
    "an object": lambda: Bad("cannot train on a Named", Named()),
    "a dictionary": lambda: Bad("cannot train on a dict", {"a": [1]}),
    "a name of no data": lambda: Bad("there is no file or data named digit", "digit"),
    "an empty list": lambda: Bad("the array: there are no examples", [], []),
    "a list without targets": lambda: Bad("the array: there are no targets", ROWS.tolist()),
    "a short row": lambda: Bad("row 6 has 1 values, the first 2", ragged(), TWO),
    "a number among rows": lambda: Bad("row 2 has 1 values, the first 2", [[1, 2], 3], [0, 1]),
    "a word among numbers": lambda: Bad("the array holds text, not numbers", [[1, "a"]] * 20, TWO),
    "an object in a row": lambda: Bad(
        "the array holds Python objects, not numbers", [[1, Named()]] * 20, TWO
    ),
    "an infinite value": lambda: Bad(
        "row 3, feature 1: the value is infinite", np.where(ROWS == 4.0, np.inf, ROWS), TWO
    ),
    "fewer targets": lambda: Bad("the array: 20 inputs, but 19 targets", ROWS, TWO[:-1]),
    "more targets": lambda: Bad("the array: 20 inputs, but 21 targets", ROWS, [*TWO, 1]),
    "targets of three dimensions": lambda: Bad(
        "the targets have the shape (20, 1, 1)", ROWS, np.ones((20, 1, 1))
    ),
    "complex targets": lambda: Bad("the targets have complex numbers", ROWS, np.ones(20, complex)),
    "ragged targets of numbers": lambda: Bad(
        "row 2: 3 is no collection of labels", ROWS, [[1], 3] * 10
    ),
    "an infinite target": lambda: Bad("row 5: the target is inf", ROWS, nan_at(4)),
    "one class": lambda: Bad("all 20 examples are of one class, 1", ROWS, [1] * 20),
    "no label at all": lambda: Bad("no example has a label", ROWS, [[]] * 20),
    "no label in columns": lambda: Bad("no example has a label", ROWS, np.zeros((20, 3), int)),
    "an empty class": lambda: Bad(
        "no example is of the class 'target 3'", ROWS, np.eye(3, dtype=int)[TWO]
    ),
    "half the targets missing": lambda: Bad(
        "the array: 11 of 20 rows have no target, the first is row 1", ROWS, [None] * 11 + TWO[:9]
    ),
    "several classes a row": lambda: Bad(
        "each example has several targets, not one class",
        ROWS,
        np.ones((20, 2)) * [[1, 5]],
        "multi-class",
    ),
    "sets as classes": lambda: Bad(
        "each example has several targets, not one class",
        ROWS,
        [["a", "b"], []] * 10,
        "multi-class",
    ),
    "two rows": lambda: Bad("2 examples are too few", ROWS[:2], TWO[:2]),
    "a sparse tensor": lambda: Bad("the tensor is sparse", torch.tensor(ROWS).to_sparse(), TWO),
    "a tensor without dimensions": lambda: Bad(
        "the array has 0 dimensions", torch.tensor(3.0), TWO
    ),
    "an empty Dataset": lambda: Bad("the Few: there are no examples", Few([])),
    "a Dataset without targets": lambda: Bad(
        "the Few, row 1: Tensor is no pair of an input and its target", Few([torch.ones(2)] * 20)
    ),
    "a Dataset of dictionaries": lambda: Bad(
        "the Few, row 1: dict is no pair of an input and its target", Few([{"x": 1}] * 20)
    ),
    "a Dataset of several sizes": lambda: Bad(
        "the Few, row 3: its shape is (3,), the first has (2,)",
        Few([(torch.ones(2), 0), (torch.ones(2), 1), (torch.ones(3), 1)]),
    ),
    "a Dataset and targets": lambda: Bad(
        "the Few has its own targets", Few([(torch.ones(2), 0)]), [0]
    ),
    "an empty iterator": lambda: Bad("the list_iterator: there are no examples", iter([])),
    "a frame without columns": lambda: Bad(
        "the frame: no column is left to learn from", pl.DataFrame({"y": TWO})
    ),
    "a frame and fewer targets": lambda: Bad(
        "the frame: 20 rows, but 19 targets", pl.DataFrame({"a": ROWS[:, 0]}), TWO[:-1]
    ),
    "an infinite value in a frame": lambda: Bad(
        "row 5: a is infinite", pl.DataFrame({"a": nan_at(4), "y": TWO})
    ),
    "a frame of lists": lambda: Bad(
        "no column is left to learn from", pl.DataFrame({"a": [[1, 2]] * 20, "y": TWO})
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_a_bad_object(name):
    bad = OBJECTS[name]()
    assert refusal(bad.data, bad.y, kind=bad.kind) == bad.message


def test_a_pandas_frame_with_two_columns_of_one_name():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.ones((20, 2)), columns=["a", "a"])
    assert refusal(frame) == "the frame: two columns are named 'a'"


def parquet(**columns: Any) -> bytes:
    stream = io.BytesIO()
    pl.DataFrame(columns).write_parquet(stream)
    return stream.getvalue()


def arrow(**columns: Any) -> bytes:
    stream = io.BytesIO()
    pl.DataFrame(columns).write_ipc(stream)
    return stream.getvalue()


WHOLE = {"a": ROWS[:, 0], "y": TWO}
BINARY = {
    "an empty Parquet file": ("d.parquet", b"", "d.parquet is empty"),
    "text": ("d.parquet", b"a,b\n1,2\n", "d.parquet is damaged, or of another kind"),
    "half a Parquet file": ("d.parquet", parquet(**WHOLE)[:-200], "cannot read d.parquet: "),
    "a Parquet file without its beginning": ("d.parquet", b"PAR1", "cannot read d.parquet: "),
    "a damaged end": (
        "d.parquet",
        parquet(**WHOLE)[:-12] + b"\xff" * 8 + b"PAR1",
        "cannot read d.parquet: ",
    ),
    "a Parquet file without rows": (
        "d.parquet",
        parquet(a=[], y=[]),
        "d.parquet: there are no examples",
    ),
    "an Arrow file named Parquet": ("d.parquet", arrow(**WHOLE), "d.parquet is an Arrow file"),
    "an infinite value": (
        "d.parquet",
        parquet(a=nan_at(4), y=TWO),
        "d.parquet, row 5: a is infinite",
    ),
    "an empty Arrow file": ("d.arrow", b"", "d.arrow is empty"),
    "half an Arrow file": ("d.arrow", arrow(**WHOLE)[:-100], "cannot read d.arrow: "),
    "an old Feather file": (
        "d.feather",
        b"FEA1" + b"\0" * 40,
        "d.feather is a Feather file of the old kind",
    ),
    "a workbook": ("d.xlsx", b"PK\x03\x04xl", "d.xlsx is a zip archive (or a spreadsheet)"),
    "a checkpoint": ("d.pt", b"weights", "cannot read d.pt: its kind is not known"),
    "a packed table": ("d.csv.gz", b"\x1f\x8b\x08", "d.csv.gz is packed by gzip"),
    "an ending of nothing": ("d.xyz", b"abc", "cannot read d.xyz: its kind is not known"),
}


@pytest.mark.parametrize("name", BINARY)
def test_a_bad_file(here, name, capfd):
    file, content, message = BINARY[name]
    (here / file).write_bytes(content)
    assert refusal(file).startswith(message)
    assert capfd.readouterr() == ("", "")


def test_damaged_bytes_never_end_in_a_traceback(here, capfd):
    # Polars panics at some of these, and prints a trace of its own where nobody stops it.
    draw = np.random.default_rng(0)
    for name, whole in (("d.parquet", parquet(**WHOLE)), ("d.arrow", arrow(**WHOLE))):
        for _ in range(60):
            content = np.frombuffer(whole, np.uint8).copy()
            content[draw.integers(4, len(content), 6)] = draw.integers(0, 256, 6)
            (here / name).write_bytes(content.tobytes())
            with suppress(BadData):
                read(name, Wish())
    assert capfd.readouterr() == ("", "")


def loop(folder: Path) -> str:
    (folder / "a.csv").symlink_to("b.csv")
    (folder / "b.csv").symlink_to("a.csv")
    return "a.csv"


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "d.csv")
    return "d.csv"


def locked(folder: Path) -> str:
    (folder / "sub").mkdir()
    (folder / "sub" / "d.csv").write_bytes(table())
    (folder / "sub").chmod(0)
    return "sub/d.csv"


def made(name: str) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        (folder / name).mkdir()
        return name

    return make


PLACES: dict[str, tuple[Callable[[Path], str], str]] = {
    "no file": (lambda _: "d.csv", "cannot read d.csv: No such file or directory"),
    "no array": (lambda _: "x.npy", "cannot read x.npy: No such file or directory"),
    "no folder": (lambda _: "no/d.csv", "cannot read no/d.csv: No such file or directory"),
    "a long name": (
        lambda _: "d" * 300 + ".csv",
        f"cannot read {'d' * 300}.csv: File name too long",
    ),
    "a loop of links": (loop, "cannot read a.csv: Too many levels of symbolic links"),
    "a folder named as a table": (made("d.csv"), "cannot read d.csv: it is a folder"),
    "a folder named as an array": (made("x.npy"), "cannot read x.npy: it is a folder"),
    "a pipe nobody writes to": (pipe, "cannot read d.csv: it is a device or a pipe"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_bad_place(here, name):
    make, message = PLACES[name]
    assert refusal(make(here)) == message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_an_unreadable_folder(here):
    name = locked(here)
    try:
        assert refusal(name) == "cannot read sub/d.csv: Permission denied"
    finally:
        (here / "sub").chmod(0o700)


def trained_on(text: bytes, folder: Path) -> Any:
    (folder / "train.csv").write_bytes(text)
    return prepared(read("train.csv", Wish()))


LATER = {
    "a column that is gone": (b"kind,label\na,x\n", "there is no column 'size'"),
    "a word for a number": (
        b"size,kind\nbig,a\nhuge,b\n",
        "new.csv, line 2: size is 'big', no number",
    ),
    "an infinite value": (b"size,kind\n1,a\ninf,b\n", "new.csv, line 3: size is infinite"),
    "no rows": (b"size,kind\n", "new.csv: there are no examples"),
}


@pytest.mark.parametrize("name", LATER)
def test_bad_rows_to_predict_for(here, name):
    content, message = LATER[name]
    ready = trained_on(table(), here)
    (here / "new.csv").write_bytes(content)

    def encode() -> None:
        inputs = read("new.csv", Wish(predicting=True)).inputs
        ready.encoder.encoded(inputs, np.arange(len(inputs)))

    with pytest.raises(UnstuckError) as caught:
        encode()
    assert caught.value.message == message


def test_an_unknown_class_to_judge_by(here):
    ready = trained_on(table(), here)
    (here / "new.csv").write_bytes(b"size,kind,label\n1,a,x\n2,b,w\n")
    new = read("new.csv", Wish(("label",)))
    with pytest.raises(UnstuckError) as caught:
        ready.task.encoded(new.targets, new.place)
    assert caught.value.message == "new.csv, line 3: 'w' is none of the 3 classes"


def test_a_label_out_of_range_to_judge_by():
    ready = prepared(read(ROWS, Wish(), [0, 1, 2, 3] * 5))
    with pytest.raises(UnstuckError, match="row 2: 7 is none of the 4 classes"):
        ready.task.encoded(np.array([0, 7]))


@pytest.mark.parametrize("width", [1, 3])
def test_another_number_of_features_to_predict_for(width):
    ready = prepared(read(ROWS, Wish(), TWO))
    new = read(np.ones((4, width)), Wish(predicting=True)).inputs
    with pytest.raises(UnstuckError, match=f"have {width} features, the training had 2"):
        ready.encoder.encoded(new, np.arange(4))


def test_an_array_for_a_table_and_a_table_for_an_array(here):
    table_, array = trained_on(table(), here), prepared(read(ROWS, Wish(), TWO))
    with pytest.raises(UnstuckError, match="trained on a table"):
        table_.encoder.encoded(array.examples.inputs, np.arange(2))
    with pytest.raises(UnstuckError, match="trained on rows of numbers"):
        array.encoder.encoded(table_.examples.inputs, np.arange(2))


COMMAND = """
import sys
from pathlib import Path
from unstuck import cli
from unstuck.commands.fit import Wishes, fit

def outcome(options):
    return fit(Wishes(sys.argv[1], out=Path("model")))

cli._parser = lambda: type("P", (), {"parse_args": lambda self, words: None})()
cli._dispatch = outcome
sys.exit(cli.main([]))
"""


@pytest.mark.parametrize("name", ["a value too few", "one class"])
def test_the_command_ends_with_2_and_leaves_nothing(place, name):
    content, message = TEXT[name]
    (place.folder / "d.csv").write_bytes(content)
    run = place.python("-c", COMMAND, "d.csv")
    assert run.returncode == 2
    assert run.stderr.lstrip().startswith(f"unstuck: {message}\n")
    assert run.stderr.count("\n") <= 3
    assert run.stdout == ""
    assert [each.name for each in place.folder.iterdir()] == ["d.csv"]


def test_there_are_enough_of_them():
    assert len(TEXT) + len(ASKED) + len(NPY) + len(OBJECTS) + len(BINARY) + len(PLACES) >= 90
