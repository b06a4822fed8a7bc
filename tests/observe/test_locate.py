import pytest

from unstuck.observe import locate

SOURCE = """\
loss = f(
    x,  # unstuck: ignore[loss-broadcast]
    y,
)
for x in data:
    loss = f(x)  # unstuck: ignore because
    g(
        x,
    )
if (
    a  # unstuck: ignore[a]
    and b
):
    g(x)
g("%s")  # unstuck: ignore[far]
g(x)
"""


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        (1, "# unstuck: ignore[loss-broadcast]"),
        (2, "# unstuck: ignore[loss-broadcast]"),
        (3, "# unstuck: ignore[loss-broadcast]"),
        (4, "# unstuck: ignore[loss-broadcast]"),
        (5, None),
        (6, "# unstuck: ignore because"),
        (7, None),
        (8, None),
        (10, "# unstuck: ignore[a]"),
        (12, "# unstuck: ignore[a]"),
        (14, None),
        (15, "# unstuck: ignore[far]"),
        (16, None),
        (99, None),
    ],
)
def test_a_comment_on_any_line_of_a_statement_stands_with_its_code(tmp_path, line, comment):
    file = tmp_path / "train.py"
    file.write_text(SOURCE % ("x" * 400))
    code = locate.place(str(file), line)["code"]
    assert code.count("unstuck") == (comment is not None)
    assert code.endswith(comment or code)


def test_a_file_that_cannot_be_parsed_keeps_its_own_comments(tmp_path):
    file = tmp_path / "train.py"
    file.write_text("if x\nf(x)  # unstuck: ignore\n")
    assert locate.place(str(file), 2)["code"] == "f(x)  # unstuck: ignore"
