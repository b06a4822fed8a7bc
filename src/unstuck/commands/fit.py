"""``unstuck fit``: from data to a trained, judged, explained model."""

import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck import files
from unstuck.commands.showing import shown
from unstuck.errors import INTERRUPTED, ReportNotWritten, UsageError
from unstuck.fit.folder import RECORD, REPORT
from unstuck.fit.ranks import is_main

if TYPE_CHECKING:
    from unstuck.fit.examples import Examples
    from unstuck.fit.fitted import Fitted
    from unstuck.fit.schedule import Schedule

DATA = "digits"
"""What is trained on where nothing is named: 1,797 digits of 8 x 8 pixels, which come with scikit-learn."""

KEPT = "checkpoints"
"""The folder within the model's in which trainings are kept until the model is there."""

LOGS = "logs"
"""The folder within the model's for trackers that write files: ``tensorboard --logdir`` takes it."""


@dataclass(frozen=True)
class Wishes:
    """What the person asks of ``fit``."""

    data: str = DATA
    target: tuple[str, ...] = ()
    kind: Any = None
    labels: Path | None = None
    out: Path | None = None
    recipe: Path | None = None
    show_recipe: bool = False
    script: Path | None = None
    onnx: bool = False
    resume: bool = False
    trackers: tuple[str, ...] = ()
    seed: int = 0
    hand: Mapping[str, Any] = field(default_factory=dict)


def fit(wishes: Wishes) -> int:
    """Train on the data, say what came of it, and write the model's folder.

    Ctrl-C and SIGTERM end it at any time; what is kept by then is said.

    Raises:
        BadData: the data or the recipe's file cannot be read or learned from.
        ReportNotWritten: the folder or a file cannot be written.
    """
    libraries()
    folder = wishes.out or Path(f"{Path(wishes.data).stem or 'data'}-model")
    try:
        with _terminable():
            return _fit(wishes, folder)
    except KeyboardInterrupt as stopped:
        kept = not wishes.show_recipe and any((folder / KEPT).glob("*/step-*"))
        then = "the same command with --resume goes on" if kept else "nothing was kept yet"
        say(f"unstuck: {str(stopped) or 'interrupted'}; {then}")
        return INTERRUPTED


def _fit(wishes: Wishes, folder: Path) -> int:
    from unstuck.fit import recipe as recipes
    from unstuck.fit.readers import Wish, read
    from unstuck.fit.schedule import Schedule

    if not wishes.show_recipe:
        _refuse_unfit(folder, wishes)
    hand = {**(recipes.read(wishes.recipe) if wishes.recipe else {}), **wishes.hand}
    schedule = Schedule(f"reading {wishes.data}")
    with shown(schedule):
        examples = read(wishes.data, Wish(wishes.target, wishes.labels, kind=wishes.kind))
        if wishes.script is not None:
            from unstuck.fit.script import refuse_other

            refuse_other(examples, hand)
        asked: dict[str, Any] = {"kind": wishes.kind, "seed": wishes.seed, "hand": hand}
        if not wishes.show_recipe:
            return _trained(examples, asked, wishes, folder, schedule)
        # Only now: what cannot be read is said before the large libraries are there.
        from unstuck.fit.fitting import chosen_recipe

        schedule.now("measuring the learning rate")
        recipe = chosen_recipe(examples, **asked, say=say)
    sys.stdout.write(recipe.toml())
    return 0


def _trained(
    examples: "Examples",
    asked: Mapping[str, Any],
    wishes: Wishes,
    folder: Path,
    schedule: "Schedule",
) -> int:
    """Train, and write the folder; a signal that comes while it is written waits until it is whole."""
    from unstuck.fit.checkpoints import interruptible
    from unstuck.fit.fitting import How
    from unstuck.fit.fitting import fit as fitted_to

    kept = folder / KEPT
    how = How(say, schedule, kept, wishes.resume, wishes.trackers, folder / LOGS)
    model = fitted_to(examples, **asked, how=how)
    if not is_main():
        return 0
    schedule.now(f"writing {folder}")
    with interruptible() as is_asked:
        _write(model, folder, wishes)
        shutil.rmtree(kept, ignore_errors=True)
    return INTERRUPTED if is_asked() else 0


def _write(model: "Fitted", folder: Path, wishes: Wishes) -> None:
    if wishes.script is not None:
        from unstuck.fit.script import script_of

        files.write_report(wishes.script, script_of(model, wishes.data, wishes.labels))
        say(f"the same training as a script: {wishes.script}")
    try:
        model.save(folder)
    except OSError as error:
        raise ReportNotWritten(
            f"cannot write {folder}: {error.strerror}", "--out FOLDER"
        ) from error
    say(f"the model: {folder}")
    say(f"  why it is so: {folder / REPORT}")
    say(f"  to use it: unstuck predict {folder} DATA")
    if wishes.onnx:
        _export(model, folder / "model.onnx")


def _export(model: "Fitted", path: Path) -> None:
    from unstuck.fit.onnx import export

    try:
        export(model, path)
    except OSError as error:
        raise ReportNotWritten(f"cannot write {path}: {error.strerror}", "--out FOLDER") from error
    say(f"  without unstuck: {path}, {path.stat().st_size / 1024:,.0f} KiB; its metadata say how")


def _refuse_unfit(folder: Path, wishes: Wishes) -> None:
    """What could not be written at the end is said before the work begins."""
    refuse_taken(folder)
    if wishes.script is not None:
        files.refuse_unwritable(wishes.script)
    if wishes.onnx:
        from unstuck.fit.onnx import refuse_missing

        refuse_missing()


def libraries() -> None:
    """Say what to install, if it is not.

    Raises:
        UsageError: a library that fitting needs is missing.
    """
    from importlib.util import find_spec

    needed = ("accelerate", "torchmetrics", "narwhals", "polars", "PIL", "safetensors", "sklearn")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise UsageError(f"fit needs {', '.join(missing)}", "pip install 'unstuck[fit]'")


def refuse_taken(folder: Path) -> None:
    """A folder with something else in it is not ours to write into.

    Raises:
        UsageError: the folder holds other things than a model, or is a file.
        ReportNotWritten: it cannot be made or written.
    """
    if folder.is_file():
        raise UsageError(f"{folder} is a file", "--out FOLDER")
    ours = (RECORD, KEPT, LOGS)
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / n).exists() for n in ours):
        raise UsageError(f"{folder} holds other things than a model", "--out FOLDER")
    # Any file within it: it is asked whether its folder can be written.
    files.refuse_unwritable(folder / RECORD if folder.is_dir() else folder)


def say(text: str) -> None:
    """A line for the person; standard output is for what a program reads."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside, SIGTERM raises what Ctrl-C raises."""
    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_DFL or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
