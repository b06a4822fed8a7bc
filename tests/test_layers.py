"""Who may import whom, as the design says; read from the source, whatever runs when."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "unstuck"
FILES = sorted(SOURCE.rglob("*.py"))

# A layer may import itself, these, and `errors`.
ALLOWED = {
    "records": set(),
    "remedies": {"records"},
    "checks": {"records", "remedies"},
    "observe": {"records"},
    "trials": {"records", "remedies", "checks", "observe"},
    "report": {"records"},
    "questions": {"records"},
}
# These know no library at all: a check is tested in milliseconds and asked again of old runs.
PLAIN = {"records", "remedies", "checks"}
# What every layer may import besides itself; of `unstuck` itself, what anyone may: its public names.
COMMON = {"errors", "charts", "markup"}
PUBLIC = {"unstuck.watch", "unstuck.find_learning_rate"}


def name_of(file: Path, root: Path = SOURCE) -> str:
    """``unstuck.checks._registry``, and ``unstuck.checks`` for its ``__init__``."""
    parts = [root.name, *file.relative_to(root).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(text: str, module: str, is_package: bool = False) -> Iterator[str]:
    """The full names of what a module imports, at its top, in functions and for types alike."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = _package(module, node.level, is_package)
            origin = ".".join(part for part in (start, node.module) if part)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _package(module: str, level: int, is_package: bool) -> str:
    """What the dots of a relative import stand for."""
    parts = module.split(".") + ["__init__"] * is_package
    return ".".join(parts[: len(parts) - level]) if level else ""


def layer_of(module: str) -> str:
    """``checks`` of ``unstuck.checks.non_finite_loss``; empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def violations(text: str, module: str, is_package: bool = False) -> list[str]:
    """The imports of a module that its layer forbids."""
    layer = layer_of(module)
    wrong = []
    for name in imports(text, module, is_package):
        ours = name.partition(".")[0] == "unstuck"
        allowed = {layer, *COMMON, *ALLOWED.get(layer, ())}
        public = layer == "questions" and name in PUBLIC
        if ours and layer in ALLOWED and layer_of(name) not in allowed and not public:
            wrong.append(name)
        if not ours and layer in PLAIN and name.partition(".")[0] not in sys.stdlib_module_names:
            wrong.append(name)
        if ours and layer_of(name) == "questions" and layer not in ("questions", "commands", ""):
            wrong.append(name)
    return wrong


def swallowing(text: str) -> list[int]:
    """The lines that catch everything, except those that end by raising it again."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and _broad(node.type) and not _raises(node.body[-1]):
            lines.append(node.lineno)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            lines += [node.lineno for argument in node.args if _broad(argument)]
    return lines


def _broad(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    names = {ast.unparse(part).rpartition(".")[2] for part in parts}
    return bool(names & {"BaseException", "Exception"})


def _raises(last: ast.stmt) -> bool:
    return isinstance(last, ast.Raise) and last.exc is None


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_file_imports_only_what_its_layer_may(file):
    text = file.read_text(encoding="utf-8")
    assert violations(text, name_of(file), file.name == "__init__.py") == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_only_the_guard_catches_everything(file):
    if file != SOURCE / "observe" / "guard.py":
        assert swallowing(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("value", "home"), [(130, "errors.py"), ("model.json", "fit/folder.py")])
def test_what_several_files_need_is_written_in_one(value, home):
    found = {
        str(file.relative_to(SOURCE))
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and type(node.value) is type(value)
        and node.value == value
    }
    assert found == {home}


def test_every_layer_of_the_table_is_there_or_planned():
    folders = {file.parent.name for file in FILES if file.name == "__init__.py"}
    assert set(ALLOWED) - folders <= {"trials"}


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("unstuck.records.run", "from unstuck.checks import Check"),
        ("unstuck.records.run", "from unstuck import checks"),
        ("unstuck.records.run", "def f():\n    import torch"),
        ("unstuck.remedies.zero", "from unstuck.checks._registry import check"),
        ("unstuck.checks.stale", "import numpy as np"),
        ("unstuck.checks.stale", "from rich.console import Console"),
        ("unstuck.checks.stale", "from ..observe import session"),
        ("unstuck.checks.stale", "from .. import observe"),
        ("unstuck.checks.stale", "if TYPE_CHECKING:\n    from torch import Tensor"),
        ("unstuck.observe.guard", "from unstuck import checks"),
        ("unstuck.observe.probes.loss", "from unstuck.report import page"),
        ("unstuck.report.page", "import unstuck.remedies"),
        ("unstuck.questions.q01", "from unstuck.notebook import watch"),
        ("unstuck.recording", "from unstuck.questions import all_questions"),
        ("unstuck.report.page", "from unstuck.questions import all_questions"),
    ],
)
def test_a_forbidden_import_is_noticed(module, text):
    assert violations(text, module) != []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("unstuck.records.run", "import math\nfrom unstuck.records import plain"),
        ("unstuck.checks.stale", "from unstuck.records import Facts\nfrom ._registry import check"),
        ("unstuck.observe.launch", "import torch\nfrom unstuck.errors import UsageError"),
        ("unstuck.report.page", "import altair\nfrom unstuck.records import Run"),
        ("unstuck.questions.q01", "from unstuck import watch"),
        ("unstuck.commands.explain", "from unstuck.questions import all_questions"),
        ("unstuck.notebook", "from unstuck.observe.watching import Watcher"),
    ],
)
def test_an_allowed_import_is_not(module, text):
    assert violations(text, module) == []


def test_dots_of_a_package_are_its_own():
    assert list(imports("from .loss import Loss", "unstuck.records", is_package=True)) == [
        "unstuck.records.loss.Loss"
    ]
    assert violations("from ..checks import x", "unstuck.records", is_package=True) != []


def handler(kind, body="pass"):
    return f"try:\n    f()\nexcept{kind}:\n    {body}\n"


@pytest.mark.parametrize(
    "text",
    [
        handler(""),
        handler(" Exception"),
        handler(" BaseException as error"),
        handler(" (ValueError, Exception)"),
        handler(" builtins.Exception"),
        handler(" Exception as error", "raise ValueError from error"),
        "with contextlib.suppress(Exception):\n    f()\n",
        "with suppress(OSError, BaseException):\n    f()\n",
    ],
)
def test_catching_everything_is_noticed(text):
    assert len(swallowing(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        handler(" ValueError"),
        handler(" (OSError, UnstuckException)"),
        handler(" BaseException", "clean_up(); raise"),
        "with suppress(OSError):\n    f()\n",
    ],
)
def test_catching_little_or_raising_again_is_allowed(text):
    assert swallowing(text) == []


@pytest.mark.parametrize(
    "module", ["unstuck", "unstuck.checks", "unstuck.questions", "unstuck.records.run"]
)
def test_a_fresh_import_brings_no_library(module):
    heavy = ("torch", "numpy", "rich", "jinja2", "altair", "vl_convert", "pandas")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_naming_the_checks_brings_no_library():
    code = (
        "import sys; from unstuck.checks import all_checks; from unstuck.remedies import "
        "all_remedies; all_checks(); all_remedies(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
