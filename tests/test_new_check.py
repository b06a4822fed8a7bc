import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECK, TEST = Path("src/unstuck/checks/my_fault.py"), Path("tests/checks/test_my_fault.py")
HEADINGS = ["What it does", "Why is this bad?", "Example", "Threshold", "When it is wrong"]


@pytest.fixture
def copy(tmp_path):
    """The parts of this project that a new check touches or that touch it."""
    for part in ("src", "tests/checks", "tools"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def python(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": ""},
        capture_output=True,
        text=True,
    )


def make(folder, *names):
    return python(folder, "tools/new_check.py", *names)


def passed(folder, *arguments):
    """The names of the tests that passed and of those that did not."""
    text = python(folder, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *arguments).stdout
    return [
        set(re.findall(rf"^{word} \S+::(\w+)", text, re.MULTILINE)) for word in ("PASSED", "FAILED")
    ]


def test_writes_the_two_files(copy):
    done = make(copy, "my-fault")
    assert (done.returncode, done.stdout.split()) == (0, [str(CHECK), str(TEST)])
    text = (copy / CHECK).read_text()
    assert re.findall(r"^    ## (.*)$", text, re.MULTILINE) == HEADINGS
    assert "def my_fault(" in text
    assert "FUNCTION" not in text + (copy / TEST).read_text()


def test_the_new_check_is_found_and_only_waits_to_be_written(copy):
    make(copy, "my-fault")
    done, failed = passed(copy, str(TEST))
    assert done == {"test_stays_quiet", "test_tolerates_what_looks_like_it_and_is_healthy"}
    assert failed == {"test_fires"}
    done, failed = passed(
        copy, "tests/checks/test_every_check.py", "-k", "my-fault and not example_fires"
    )
    assert len(done) >= 5
    assert failed == set()


def test_the_two_files_have_our_style(copy):
    make(copy, "my-fault")
    for command in (["format", "--check"], ["check"]):
        done = python(copy, "-m", "ruff", *command, str(CHECK), str(TEST))
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Fault",
        "my_fault",
        "fault",
        "-x",
        "my--fault",
        "../my-fault",
        "my fault",
        "mein-ölfleck",
    ],
)
def test_a_bad_name_writes_nothing(copy, name):
    before = sorted(copy.rglob("*.py"))
    done = make(copy, name)
    assert done.returncode == 1
    assert "no name for a check" in done.stderr
    assert sorted(copy.rglob("*.py")) == before


@pytest.mark.parametrize("there", [CHECK, TEST])
def test_what_exists_is_not_written_over(copy, there):
    (copy / there).write_text("mine\n")
    done = make(copy, "my-fault")
    assert (done.returncode, done.stderr.strip()) == (1, f"{there} exists")
    assert (copy / there).read_text() == "mine\n"
    assert (copy / CHECK).exists() + (copy / TEST).exists() == 1
