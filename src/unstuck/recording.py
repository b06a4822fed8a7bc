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
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{_stem(label)}-{os.getpid()}"


def _stem(label: str) -> str:
    """The script's part of a name."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in label)
    return (safe.removesuffix(".py") or "run")[:40]


class Recorder:
    """Writes one run again and again; a failure to write is remembered, never raised."""

    def __init__(self, base: Path, name: str) -> None:
        self.folder = base / FOLDER / "runs" / name
        self.failure: str | None = None
        self._saved_at = 0.0
        self._pause = 1.0

    def begin(self, make: Callable[[], Run]) -> None:
        """Open, and write a first state, so that a run killed at once is there as well."""
        self.open()
        self.save(make)
        self._saved_at = 0.0  # the first that is seen is worth writing at once

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
        """Whether the last writing is long enough ago to keep its cost below one in four hundred."""
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
            self._pause = max(1.0, 400 * (self._saved_at - begun))

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


def names(base: Path) -> list[str]:
    """The names of all runs recorded here, oldest first.

    Raises:
        RunNotFound: there is none.
    """
    found = _names(base)
    if not found:
        raise RunNotFound(
            f"no run is recorded under {FOLDER} here", "unstuck check train.py records one"
        )
    return found


def last_two(base: Path, script: str | None = None) -> tuple[str, str]:
    """The names of the two newest runs of the script, the older first.

    Without ``script``: of that whose run is the newest here.

    Raises:
        RunNotFound: there are fewer.
    """
    if script and (_file(script) or any(name.startswith(script) for name in _names(base))):
        raise RunNotFound("RUN2, the run to compare with, is missing", "unstuck diff RUN1 RUN2")
    known = names(base)
    wanted = _stem(Path(script).name) if script else script_of(known[-1])
    same = [name for name in known if script_of(name) == wanted]
    if not same:
        raise RunNotFound(f"no run of {script} is recorded here", f"recorded: {_some(known)}")
    if len(same) < 2:
        other = [name for name in known if name not in same]
        there = f"; of others: {_some(other)}" if other else ""
        raise RunNotFound(
            f"only one run of {wanted} is recorded here: {same[0]}",
            f"record it again with unstuck check, or name two: unstuck diff RUN1 RUN2{there}",
        )
    return same[-2], same[-1]


def _names(base: Path) -> list[str]:
    return sorted(each.parent.name for each in (base / FOLDER / "runs").glob("*/run.json"))


def script_of(name: str) -> str:
    """The script's name, which stands in the middle: ``20261123-034500-train-4711``."""
    return name.split("-", 2)[-1].rpartition("-")[0]


def _some(names: list[str]) -> str:
    """The newest five names, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[-5:]) + more


def _recorded(text: str) -> Run:
    """The run, if the text is a recording: a JSON report holds findings, but no facts."""
    run = Run.loads(text)
    if "facts" not in plain.loads(text):
        raise ValueError("a report without the recorded facts; name a run under .unstuck/runs")
    return run


def _find(base: Path, wanted: str | None) -> Path:
    file = _file(wanted) if wanted else None
    if file is not None:
        return file
    runs = base / FOLDER / "runs"
    if wanted is None:
        return runs / names(base)[-1] / "run.json"
    known = _names(base)
    of_script = [name for name in known if script_of(name) == _stem(Path(wanted).name)]
    found = [name for name in known if name.startswith(wanted)] or of_script[-1:]
    if len(found) == 1:
        return runs / found[0] / "run.json"
    if found:
        raise RunNotFound(f"{wanted} could be any of {_some(found)}", "give more of its name")
    there = f"recorded here: {_some(known)}" if known else "no run is recorded here"
    raise RunNotFound(f"no run named {wanted}", there)


def _file(wanted: str) -> Path | None:
    """The recording at that path; a script there is a name, not a recording."""
    for path in (Path(wanted), Path(wanted) / "run.json"):
        # Not Path.is_file: False, not an error, for names too long.
        if path.suffix != ".py" and os.path.isfile(path):  # noqa: PTH113
            return path
    return None
