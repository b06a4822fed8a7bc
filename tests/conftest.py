"""What all tests share: settings of property tests, and a place to run scripts in."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, and that is no failure.
settings.register_profile(
    "unstuck", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unstuck")

# A job in the background ignores Ctrl-C, and so would all that is started from here.
signal.signal(signal.SIGINT, signal.default_int_handler)

_MEDDLING = ("WORLD_SIZE", "RANK", "OMP_NUM_THREADS", "NO_COLOR", "UNSTUCK_LOG", "PYTHONPATH")


def _signals_as_usual() -> None:
    """In the new process: nohup and background jobs hand down signals that are ignored."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Place:
    """A folder in which scripts are run by processes of their own."""

    def __init__(self, folder: Path, console: Path) -> None:
        self.folder = folder
        self.console = console

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def start(self, *words: Any, **how: Any) -> subprocess.Popen[str]:
        """Python with these words, its streams in pipes."""
        environment = {k: v for k, v in os.environ.items() if k not in _MEDDLING}
        environment |= how.pop("env", {})
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(
            [sys.executable, *map(str, words)],
            env=environment,
            encoding="utf-8",
            **{"cwd": self.folder, "preexec_fn": _signals_as_usual, **streams, **how},
        )

    def python(self, *words: Any, given: str = "", **how: Any) -> subprocess.CompletedProcess[str]:
        """Plain Python with these words, until its end."""
        with self.start(*words, **how) as process:
            try:
                out, err = process.communicate(given, timeout=60)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def unstuck(
        self, *words: Any, before: Sequence[str] = (), **how: Any
    ) -> subprocess.CompletedProcess[str]:
        """The command ``unstuck``; ``before`` holds options of Python."""
        return self.python(*before, self.console, *words, **how)

    @property
    def runs(self) -> list[Path]:
        """The recordings, oldest first."""
        return sorted(self.folder.glob(".unstuck/runs/*/run.json"))

    def record(self) -> dict[str, Any]:
        """The newest recording."""
        return json.loads(self.runs[-1].read_text())


@pytest.fixture(scope="session")
def new_place(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Place]:
    # As pip makes it, in another folder than the person's script.
    console = tmp_path_factory.mktemp("bin") / "unstuck"
    console.write_text("import sys\nfrom unstuck.cli import main\nsys.exit(main())\n")
    return lambda folder: Place(folder, console)


@pytest.fixture
def place(tmp_path: Path, new_place: Callable[[Path], Place]) -> Place:
    return new_place(tmp_path)
