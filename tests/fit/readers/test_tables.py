"""CSV, Parquet and Arrow files as examples."""

import csv
import io
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.errors import UsageError
from unstuck.fit.readers import Wish, read
from unstuck.fit.readers._layout import layout_of
from unstuck.fit.task import task_of


@pytest.fixture
def write(tmp_path):
    def written(text, name="d.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def columns(examples):
    return examples.inputs.frame.to_native().to_dict(as_series=False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("d.csv", "a,b,y\n1,u,2\n3,v,4\n"),
        ("d.CSV", "a;b;y\n1;u;2\n3;v;4\n"),
        ("d.csv", "a|b|y\r\n1|u|2\r\n3|v|4\r\n"),
        ("d.tsv", "a\tb\ty\n1\tu\t2\n3\tv\t4"),
        ("d.txt", "a,b,y\n\n1,u,2\n\n3,v,4\n\n\n"),
        ("d.csv", "\n\r\na,b,y\r\n\r\n1,u,2\r\n3,v,4\r\n\r\n"),
        ("d.csv", "\ufeffa,b,y\n1,u,2\n3,v,4\n"),
        ("d.csv", " a , b,y\n 1,u ,2\n3, v,4\n"),
        ("d.csv", '"a","b","y"\n"1","u","2"\n"3","v","4"\n'),
        ("d[1]*.csv", "a,b,y\n1,u,2\n3,v,4\n"),
    ],
)
def test_the_same_table_however_it_is_written(write, name, text):
    examples = read(write(text, name), Wish())
    assert columns(examples) == {"a": [1, 3], "b": ["u", "v"]}
    assert examples.targets.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["1", "2"], [1, 2]),
        (["1", "2.5"], [1.0, 2.5]),
        (["1e3", "-.5"], [1000.0, -0.5]),
        (["NA", "2"], [None, 2]),
        (["?", "nan"], [None, None]),
        (["True", "FALSE"], [True, False]),
        (["true", ""], [True, None]),
        (["true", "yes"], ["true", "yes"]),
        (["01067", "10115"], ["01067", "10115"]),
        (["0", "0.5"], [0.0, 0.5]),
        (["01 Feb 2021", "28 Mar 2021"], [datetime(2021, 2, 1), datetime(2021, 3, 28)]),
        (["2021-02-03T04:05:06+02:00"] * 2, [datetime(2021, 2, 3, 2, 5, 6)] * 2),
        (["2021-02-03", ""], [datetime(2021, 2, 3), None]),
        (["2021-02-03 04:05", "2021-02-03 00:00"], [datetime(2021, 2, 3, 4, 5), datetime(2021, 2, 3)]),
        (["2021-02-03T04:05:06.5Z"] * 2, [datetime(2021, 2, 3, 4, 5, 6, 500000)] * 2),
        (["31.12.2021", "01.02.2021"], [datetime(2021, 12, 31), datetime(2021, 2, 1)]),
        (["A10", "250"], ["A10", "250"]),
        (["01/02/2021", "02/01/2021"], ["01/02/2021", "02/01/2021"]),  # nobody knows which is the month
        (["9007199254740993", "1"], [9007199254740993, 1]),
    ],
)  # fmt: skip
def test_columns_are_of_the_kind_of_their_values(write, values, found):
    examples = read(write("a,y\n" + "".join(f"{each},0\n" for each in values)), Wish())
    assert columns(examples)["a"] == found


def test_the_lines_of_rows_are_counted_as_an_editor_does(write):
    examples = read(write('a,y\n"x\ny",1\n\nz,2\nw,\nv,3\n'), Wish())
    assert [examples.place(row).rpartition(", ")[2] for row in range(3)] == [
        "line 2",
        "line 5",
        "line 7",
    ]
    assert [examples.inputs.place(row) for row in range(3)] == [
        examples.place(row) for row in range(3)
    ]


@pytest.mark.parametrize(
    ("head", "target", "said"),
    [
        ("y,b,c", "y", "by its name"),
        ("a,Label,c", "Label", "by its name"),
        ("class,target,c", "target", "by its name"),
        ("a,b,c", "c", "as the last column"),
    ],
)
def test_the_target_is_found_and_said(write, head, target, said):
    examples = read(write(f"{head}\n1,2,3\n4,5,6\n"), Wish())
    assert examples.target_names == (target,)
    [note] = examples.notes
    assert note.startswith(f"target: {target}, {said}")


@pytest.mark.parametrize("head", ["0,1,2", ",0,1", "2019,2020,label"])
def test_names_may_be_numbers_that_count(write, head):
    assert len(read(write(f"{head}\n1,2.5,x\n4,5,y\n"), Wish())) == 2


def test_several_targets(write):
    examples = read(write("a,b,c\n1,0,1\n4,1,1\n"), Wish(("b", "c")))
    assert (examples.target_names, examples.notes) == (("b", "c"), ())
    assert examples.targets.tolist() == [[0, 1], [1, 1]]
    assert columns(examples) == {"a": [1, 4]}


def test_rows_without_a_target_are_left_out_and_counted(write):
    path = write("a,y\n1,u\n2,\n3,v\n4,NA\n5,u\n")
    examples = read(path, Wish())
    assert columns(examples) == {"a": [1, 3, 5]}
    assert examples.targets.tolist() == ["u", "v", "u"]
    assert (
        examples.notes[-1] == f"2 of 5 rows have no target, the first is {path}, line 3: left out"
    )


@pytest.mark.parametrize("wish", [Wish(predicting=True), Wish(("z",), predicting=True)])
def test_to_predict_for_no_target_is_needed(write, wish):
    examples = read(write("a,y\n1,u\n2,v\n"), wish)
    assert examples.targets is None
    assert list(columns(examples)) == ["a", "y"]


def test_to_judge_the_targets_are_taken_if_they_are_there(write):
    examples = read(write("a,y\n1,u\n2,v\n"), Wish(("y",), predicting=True))
    assert examples.targets.tolist() == ["u", "v"]
    assert list(columns(examples)) == ["a"]


def test_empty_sets_of_labels_in_a_text_are_no_missing_targets(write):
    examples = read(write("a,y\n1,u;v\n2,\n3,u\n"), Wish(("y",), kind="multi-label"))
    assert examples.targets.tolist() == ["u;v", "", "u"]


@pytest.mark.parametrize("cells", ["true,FALSE,1\n2,false,True,0", "True,,1\n2,False,True,0"])
def test_several_columns_of_true_and_false_are_as_of_1_and_0(write, cells):
    path = write(f"a,y,z,w\n1,{cells}\n3,true,true,1\n4,false,false,0\n")
    examples = read(path, Wish(("y", "z", "w")))
    assert examples.targets.tolist()[-3:] == [[0, 1, 0], [1, 1, 1], [0, 0, 0]]
    assert task_of(examples.targets, examples.target_names).kind == "multi-label"


def test_several_columns_of_other_words_are_no_labels(write):
    examples = read(write("a,y,z\n1,true,yes\n2,false,no\n"), Wish(("y", "z")))
    assert examples.targets.tolist() == [[1, "yes"], [0, "no"]]
    with pytest.raises(UsageError, match="no numbers") as caught:
        task_of(examples.targets, examples.target_names)
    assert "true and false" in caught.value.hint


@pytest.mark.parametrize("name", ["d.parquet", "d.arrow", "d.feather"])
def test_binary_tables(tmp_path, name):
    frame = pl.DataFrame({"a": [1.5, float("nan")], "b": ["u", None], "y": [[1], [1, 2]]})
    (frame.write_parquet if name.endswith("parquet") else frame.write_ipc)(tmp_path / name)
    examples = read(tmp_path / name, Wish())
    assert columns(examples) == {"a": [1.5, None], "b": ["u", None]}
    assert list(examples.targets) == [[1], [1, 2]]
    assert examples.place(1) == f"{tmp_path / name}, row 2"


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12), st.sampled_from(",;\t|"))
def test_the_layout_is_that_which_python_reads(tmp_path_factory, rows, separator):
    # The slow and obvious way: a parser; ours counts newlines and separators outside of quotes.
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *rows])
    path = tmp_path_factory.mktemp("t") / "d.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    found = layout_of(path, ",;\t|")
    assert (found.separator, found.names) == (separator, ("a", "b", "c"))
    lines = [2]
    for row in rows:
        lines.append(lines[-1] + 1 + "".join(row).count("\n"))
    assert found.lines.tolist() == lines[:-1]
    assert len(found.blank) == 0


def test_the_layout_does_not_depend_on_where_a_chunk_ends(write, monkeypatch):
    rows = "".join(f'{i},"a""b\n{"x" * (i % 7)}",{i * i}\n' for i in range(50))
    path = write("a,b,c\n\n" + rows + "\n")
    whole = layout_of(path, ",")
    for size in (11, 64, 101):
        monkeypatch.setattr("unstuck.fit.readers._layout.CHUNK", size)
        part = layout_of(path, ",")
        assert np.array_equal(part.lines, whole.lines)
        assert np.array_equal(part.blank, whole.blank)
