"""The targets that decide something; with a stand-in for the environment."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


@pytest.fixture
def copy(tmp_path):
    """The Makefile beside an environment that is up to date and holds no program yet."""
    for file in ("Makefile", "pyproject.toml", "tools/new_check.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for extra in ("examples", "dev"):
        (tmp_path / ".venv" / f"{extra}.stamp").touch()
    return tmp_path


def program(folder, name, script):
    file = folder / ".venv" / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def make(folder, *arguments):
    # Without what a make above this one, that runs the tests, hands down.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    for name in ("VENV", "TORCH", "PYTHON"):
        environment.pop(name, None)
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(("code", "ends"), [(1, 0), (0, 2), (2, 2), (3, 2), (4, 2), (137, 2)])
def test_the_demo_succeeds_when_the_fault_is_found_and_only_then(copy, code, ends):
    program(copy, "unstuck", f'echo "$@"; exit {code}')
    done = make(copy, "demo")
    assert done.returncode == ends
    assert "check --html demo-report.html examples/digits.py" in done.stdout
    assert (f"{copy}/demo-report.html" in done.stdout) is (ends == 0)
    assert (f"code {code}, not 1" in done.stderr) is (ends != 0)


def test_a_failing_test_fails(copy):
    program(copy, "python", "exit 1")
    assert make(copy, "test").returncode != 0


@pytest.mark.parametrize("broken", ["ruff", "mypy", "python"])
def test_check_fails_with_any_of_its_parts(copy, broken):
    for name in ("ruff", "mypy", "python"):
        program(copy, name, f"exit {int(name == broken)}")
    assert make(copy, "check").returncode != 0
    program(copy, broken, "exit 0")
    assert make(copy, "check").returncode == 0


def test_docs_fails_when_the_pages_or_the_site_cannot_be_made(copy):
    for part in ("generate.py", "sphinx"):
        program(copy, "python", f'case "$*" in *{part}*) exit 1;; esac')
        assert make(copy, "docs").returncode != 0
    program(copy, "python", "exit 0")
    assert "build/site/index.html" in make(copy, "docs").stdout


def test_a_change_of_the_requirements_renews_the_environment(copy):
    program(copy, "python", 'echo "python $@"')
    assert "pip" not in make(copy, "-n", "test").stdout
    later = (copy / ".venv" / "dev.stamp").stat().st_mtime + 10
    os.utime(copy / "pyproject.toml", (later, later))
    lines = make(copy, "-n", "test", "TORCH=torch==2.6.0").stdout
    assert lines.index("torch==2.6.0") < lines.index(".[dev]") < lines.index("pytest -n 2")


def test_a_new_check_has_two_files(copy):
    for folder in ("src/unstuck/checks", "tests/checks"):
        (copy / folder).mkdir(parents=True)
    done = make(copy, "new-check", "NAME=my-fault")
    assert done.returncode == 0
    assert len([file for file in done.stdout.split() if (copy / file).is_file()]) == 2
    assert make(copy, "new-check", "NAME=my-fault").returncode != 0
    assert make(copy, "new-check").returncode != 0
