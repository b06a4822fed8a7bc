"""``unstuck fit``: from data to a trained, judged, explained model."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck import files
from unstuck.errors import ReportNotWritten, UsageError

if TYPE_CHECKING:
    from unstuck.fit.fitted import Fitted

DATA = "digits"
"""What is trained on where nothing is named: 1,797 digits of 8 x 8 pixels, which come with scikit-learn."""

RECORD = "model.json"

KEPT = "checkpoints"
"""The folder within the model's in which trainings are kept until the model is there."""

LOGS = "logs"
"""The folder within the model's for trackers that write files: ``tensorboard --logdir`` takes it."""

INTERRUPTED = 130


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

    Raises:
        BadData: the data or the recipe's file cannot be read or learned from.
        ReportNotWritten: the folder or a file cannot be written.
    """
    libraries()
    from unstuck.fit import recipe as recipes
    from unstuck.fit.readers import Wish, read

    folder = wishes.out or Path(f"{Path(wishes.data).stem or 'data'}-model")
    if not wishes.show_recipe:
        _refuse_unfit(folder, wishes)
    hand = {**(recipes.read(wishes.recipe) if wishes.recipe else {}), **wishes.hand}
    examples = read(wishes.data, Wish(wishes.target, wishes.labels, kind=wishes.kind))
    if wishes.script is not None:
        from unstuck.fit.script import refuse_other

        refuse_other(examples, hand)
    # Only now: what cannot be read is said before the large libraries are there.
    from unstuck.fit.fitting import How, chosen_recipe
    from unstuck.fit.fitting import fit as fitted_to
    from unstuck.fit.loop import Stopped, is_main

    asked: dict[str, Any] = {"kind": wishes.kind, "seed": wishes.seed, "hand": hand}
    if wishes.show_recipe:
        sys.stdout.write(chosen_recipe(examples, **asked, say=say).toml())
        return 0
    kept = folder / KEPT
    try:
        with _progress() as told:
            how = How(say, told, kept, wishes.resume, wishes.trackers, folder / LOGS)
            model = fitted_to(examples, **asked, how=how)
    except KeyboardInterrupt as stopped:
        if not kept.is_dir():
            raise
        what = stopped if isinstance(stopped, Stopped) else "interrupted"
        say(f"unstuck: {what}; the same command with --resume goes on")
        return INTERRUPTED
    if is_main():
        _write(model, folder, wishes)
        shutil.rmtree(kept, ignore_errors=True)
    return 0


def _write(model: "Fitted", folder: Path, wishes: Wishes) -> None:
    if wishes.script is not None:
        from unstuck.fit.script import script_of

        files.write_report(wishes.script, script_of(model, wishes.data))
        say(f"the same training as a script: {wishes.script}")
    try:
        model.save(folder)
        if wishes.onnx:
            from unstuck.fit.onnx import export

            export(model, folder / "model.onnx")
    except OSError as error:
        raise ReportNotWritten(
            f"cannot write {folder}: {error.strerror}", "--out FOLDER"
        ) from error
    say(f"the model: {folder}")
    say(f"  why it is so: {folder / 'report.html'}")
    say(f"  to use it: unstuck predict {folder} DATA")


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
def _progress() -> Iterator[Any]:
    """Epochs as they pass, in one line of a terminal; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("measuring the learning rate", total=None)

        def told(progress: Any) -> None:
            last = progress.history[-1]
            losses = f"{last.training_loss:.3f}, held-out {last.validation_loss:.3f}"
            text = f"epoch {last.number}: training loss {losses}"
            bar.update(task, description=text, completed=progress.step, total=progress.steps)

        yield told
