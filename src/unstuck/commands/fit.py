"""``unstuck fit`` and ``unstuck predict``: from data to a trained, judged model, and from it to predictions."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unstuck import files
from unstuck.errors import ReportNotWritten, UsageError

INTERRUPTED = 130


@dataclass(frozen=True)
class Wishes:
    """What the person asks of ``fit``."""

    data: str
    target: tuple[str, ...] = ()
    kind: str | None = None
    out: Path | None = None
    recipe: Path | None = None
    show_recipe: bool = False
    seed: int = 0
    hand: Mapping[str, Any] = field(default_factory=dict)


def fit(wishes: Wishes) -> int:
    """Train on the data, say what came of it, and write the model's folder.

    Raises:
        BadData: the data or the recipe's file cannot be read or learned from.
        ReportNotWritten: the folder cannot be written.
    """
    libraries()
    from unstuck.fit import recipe as recipes
    from unstuck.fit.readers import Wish, read

    folder = wishes.out or Path(f"{Path(wishes.data).stem or 'data'}-model")
    refuse_taken(folder)
    hand = {**(recipes.read(wishes.recipe) if wishes.recipe else {}), **wishes.hand}
    examples = read(wishes.data, Wish(wishes.target, kind=wishes.kind))
    # Only now: what cannot be read is said before the large libraries are there.
    from unstuck.fit.fitting import fit as fitted_to

    with _progress() as told:
        model = fitted_to(
            examples, kind=wishes.kind, seed=wishes.seed, hand=hand, say=_say, told=told
        )
    try:
        model.save(folder)
    except OSError as error:
        raise ReportNotWritten(
            f"cannot write {folder}: {error.strerror}", "--out FOLDER"
        ) from error
    _say(f"the model: {folder}")
    return 0


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
    """
    if folder.is_file():
        raise UsageError(f"{folder} is a file", "--out FOLDER")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "model.json").exists():
        raise UsageError(f"{folder} holds other things", "--out FOLDER")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _progress() -> Iterator[Any]:
    """Epochs as they pass, on a terminal in one line."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    from rich.console import Console

    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("training", total=None)

        def told(progress: Any) -> None:
            last = progress.history[-1]
            text = f"epoch {last.number}: training loss {last.training_loss:.3f}, held-out {last.validation_loss:.3f}"
            bar.update(task, description=text, completed=progress.step, total=progress.steps)

        yield told
