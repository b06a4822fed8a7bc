"""The notebook: made from its source, right from top to bottom, and not right when a gradient is not."""

import importlib
import re
import sys
from pathlib import Path

import pytest

for name in ("nbclient", "ipykernel", "sklearn"):
    pytest.importorskip(name, reason="pip install '.[notebook]'")
nbformat = pytest.importorskip("nbformat")

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.fixture(scope="module")
def build():
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("build")
    sys.path.remove(str(FOLDER))


@pytest.fixture
def notebook(build):
    return nbformat.read(build.NOTEBOOK, as_version=4)


def cells(notebook):
    return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]


def test_it_is_made_from_its_source(build, notebook):
    wanted = build.made(build.SOURCE.read_text(encoding="utf-8"))
    assert cells(notebook) == cells(wanted), "run python notebooks/build.py"
    assert notebook.metadata == build.METADATA


def test_it_is_committed_as_it_ran(build, notebook):
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(cell.metadata == {} for cell in notebook.cells)
    kinds = {output.get("name", output.output_type) for cell in code for output in cell.outputs}
    assert kinds <= {"stdout", "execute_result"}


def test_it_is_small_and_knows_no_machine(build):
    text = build.NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 600_000
    assert not re.search(r"/(?:home|root|tmp|Users|usr)/", text)
    assert "http" not in text.replace("http://www.w3.org/", "")


def test_it_has_one_title(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^(#+) (.*)$", text, flags=re.MULTILINE)
    assert [level for level, _ in headings].count("#") == 1
    assert headings[0][0] == "#"
    assert all(len(level) <= 3 for level, _ in headings)


@pytest.mark.timeout(180)
def test_it_runs_from_top_to_bottom(build, notebook):
    build.run(notebook)


def test_a_broken_gradient_fails(build, notebook):
    from nbclient.exceptions import CellExecutionError

    [at] = [n for n, cell in enumerate(notebook.cells) if "def central_differences" in cell.source]
    [step] = [cell for cell in notebook.cells if "def back_to_images" in cell.source]
    notebook.cells = notebook.cells[: at + 1]
    build.run(notebook)
    step.source = step.source.replace("W[:, :, ::-1, ::-1]", "W")
    with pytest.raises(CellExecutionError, match="apart"):
        build.run(notebook)


def test_a_source_becomes_cells_of_text_and_code(build):
    source = "# %% [markdown]\n# # Title\n#\n# text\n\n# %%\nx = 1\n\n# %%\ny = 2\n"
    assert [each for _, *each in cells(build.made(source))] == [
        ["markdown", "# Title\n\ntext"],
        ["code", "x = 1"],
        ["code", "y = 2"],
    ]
