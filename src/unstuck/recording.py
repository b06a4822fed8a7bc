"""The folder ``.unstuck``: runs as they are recorded, and read again."""

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from unstuck import files
from unstuck.errors import RunNotFound
from unstuck.records import Run, plain

FOLDER = ".unstuck"
_KEPT_RUNS = 50
_NOTE = "# Written by unstuck: recorded runs, safe to delete.\n*\n"


def new_name(label: str) -> str:
    """A name for a run that sorts by time: ``20261123-034500-train-4711``."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in label)
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{(stem.removesuffix('.py') or 'run')[:40]}-{os.getpid()}"


class Recorder:
    """Writes one run again and again; a failure to write is remembered, never raised."""

    def __init__(self, base: Path, name: str) -> None:
        self.folder = base / FOLDER / "runs" / name
        self.failure: str | None = None
        self._saved_at = 0.0
        self._pause = 1.0

    def open(self) -> None:
        """Make the folder with its own .gitignore, and forget the oldest runs."""
        try:
            make_folder(self.folder.parent.parent)
            self.folder.mkdir(parents=True, exist_ok=True)
            _forget_oldest(self.folder.parent)
        except OSError as error:
            self._fail(error)

    @property
    def due(self) -> bool:
        """Whether the last writing is long enough ago to keep its cost below one in two hundred."""
        return self.failure is None and time.monotonic() - self._saved_at > self._pause

    def save(self, make: Callable[[], Run], *, durable: bool = False) -> None:
        """Make the run and write it; the newest whole state survives a kill at any moment."""
        if self.failure is not None:
            return
        begun = time.monotonic()
        try:
            text = plain.dumps(make().plain(facts=True))
            files.write_text(self.folder / "run.json", text, durable=durable)
        except OSError as error:
            self._fail(error)
        finally:
            self._saved_at = time.monotonic()
            self._pause = max(1.0, 200 * (self._saved_at - begun))

    def _fail(self, error: OSError) -> None:
        self.failure = f"not recorded under {FOLDER}: {error.strerror or error}"


def make_folder(folder: Path) -> None:
    """Make the folder ``.unstuck``, which git does not see.

    Raises:
        OSError: it cannot be made or written.
    """
    folder.mkdir(exist_ok=True)
    note = folder / ".gitignore"
    if not note.exists():
        files.write_text(note, _NOTE, durable=False)


def _forget_oldest(runs: Path) -> None:
    names = sorted(each.name for each in runs.iterdir() if each.is_dir())
    for name in names[:-_KEPT_RUNS]:
        # What cannot be removed stays; another process may be removing the same.
        shutil.rmtree(runs / name, ignore_errors=True)


def load(base: Path, wanted: str | None = None) -> Run:
    """The newest run, or the one of that name, that begins with it, of that script, or at that path.

    Raises:
        RunNotFound: there is none, more than one, or it cannot be read.
    """
    file = _find(base, wanted)
    try:
        return _recorded(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RunNotFound(f"cannot read {file}: {error}", "") from error
    except ValueError as error:
        raise RunNotFound(f"{file}: {error}", "record the run again with unstuck check") from error


def last_two(base: Path) -> tuple[str, str]:
    """The names of the two newest runs, the older first.

    Raises:
        RunNotFound: there are fewer.
    """
    names = sorted(each.parent.name for each in (base / FOLDER / "runs").glob("*/run.json"))
    if len(names) < 2:
        raise RunNotFound(
            "fewer than two runs are recorded here", "unstuck check train.py records one"
        )
    return names[-2], names[-1]


def _is_called(name: str, wanted: str) -> bool:
    """By the script's name, which stands in the middle: ``20261123-034500-train-4711``."""
    return name.split("-", 2)[-1].rpartition("-")[0] == wanted.removesuffix(".py")


def _recorded(text: str) -> Run:
    """The run, if the text is a recording: a JSON report holds findings, but no facts."""
    run = Run.loads(text)
    if "facts" not in plain.loads(text):
        raise ValueError("a report without the recorded facts; name a run under .unstuck/runs")
    return run


def _find(base: Path, wanted: str | None) -> Path:
    for path in (Path(wanted), Path(wanted) / "run.json") if wanted else ():
        if os.path.isfile(path):  # noqa: PTH113 - False, not an error, for names too long
            return path
    runs = base / FOLDER / "runs"
    names = sorted(each.parent.name for each in runs.glob("*/run.json"))
    if wanted is None and names:
        return runs / names[-1] / "run.json"
    of_script = [name for name in names if wanted is not None and _is_called(name, wanted)]
    found = [name for name in names if wanted is not None and name.startswith(wanted)]
    found = found or of_script[-1:]
    if len(found) == 1:
        return runs / found[0] / "run.json"
    if found:
        raise RunNotFound(
            f"{wanted} could be any of {', '.join(found[-5:])}", "give more of its name"
        )
    if wanted is None:
        raise RunNotFound(
            f"no run is recorded under {FOLDER} here", "unstuck check train.py records one"
        )
    known = f"recorded here: {', '.join(names[-5:])}" if names else "no run is recorded here"
    raise RunNotFound(f"no run named {wanted}", known)
