"""Make the notebook from its source: its cells, run top to bottom, with what they show.

``python notebooks/build.py`` does both; the source is the file of the same name that ends in ``.py``. A
cell begins with ``# %%``, one of text with ``# %% [markdown]``.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat import NotebookNode, v4

NOTEBOOK = Path(__file__).parent / "cnn_and_backpropagation.ipynb"
SOURCE = NOTEBOOK.with_suffix(".py")

# Nothing of the machine: whoever opens it has another Python.
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}

_HEAD = re.compile(r"^# %%(?: \[(markdown)\])?\n", re.MULTILINE)


def made(source: str) -> NotebookNode:
    """The notebook of a source, not run yet."""
    return v4.new_notebook(cells=list(_cells(source)), metadata=METADATA)


def _cells(source: str) -> Iterator[NotebookNode]:
    _, *parts = _HEAD.split(source)
    seen: Counter[str] = Counter()
    for kind, text in zip(parts[::2], parts[1::2], strict=True):
        if kind:
            text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
        new = v4.new_markdown_cell if kind else v4.new_code_cell
        yield new(text.strip(), id=_named(text, seen[text]))
        seen[text] += 1


def _named(text: str, before: int) -> str:
    """An id from the text: a cell that is put in between renames no other."""
    return hashlib.sha256(f"{before} {text}".encode()).hexdigest()[:8]


def run(notebook: NotebookNode) -> NotebookNode:
    """Run all cells with this interpreter, whichever kernels a person has installed.

    Raises:
        CellExecutionError: a cell raised something.
    """
    kernels = KernelSpecManager(kernel_dirs=[])
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels),
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
        timeout=120,
        record_timing=False,
        extra_arguments=["--log-level=40"],
        coalesce_streams=True,
    )
    client.execute(cleanup_kc=True)
    notebook.metadata = METADATA
    return notebook


if __name__ == "__main__":
    nbformat.write(run(made(SOURCE.read_text(encoding="utf-8"))), NOTEBOOK)
