"""States of a training in a folder, from which it goes on bit for bit; whole or not there at all."""

import hashlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from unstuck import files
from unstuck.errors import BadCheckpoint
from unstuck.fit import objects
from unstuck.fit.batches import bytes_of
from unstuck.fit.recipe import NAMES, Recipe

KEPT = 2
"""The newest, and the one before it in case the newest is damaged."""

EPOCH, WITHIN = 1.0, 30.0
"""Seconds since the last one, after which the end of an epoch, or any step, is worth a checkpoint."""

COST = 50
"""Writing takes at most one in so many seconds."""

VERSION = "1"

_PARTS: Mapping[str, Any] = {
    "step": int, "steps": int, "running": float, "share": float, "history": list[dict[str, Any]],
    "optimizer": dict[str, float], "recipe": dict[str, Any], "data": str,
}  # fmt: skip
"""What is read of a record."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Checkpoint:
    """Weights, best weights and optimizer by name; the rest as JSON."""

    tensors: Mapping[str, Tensor]
    record: Mapping[str, Any]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin with ``name/``, without it."""
        start = f"{name}/"
        return {k.removeprefix(start): v for k, v in self.tensors.items() if k.startswith(start)}


class Keeper:
    """Keeps the last two checkpoints of one training in a folder of its own.

    ``pause`` multiplies the seconds between them; 0 keeps a checkpoint after every step.
    """

    def __init__(self, folder: Path, say: Say = lambda text: None, *, pause: float = 1.0) -> None:
        self.folder, self._say, self._pause = folder, say, pause
        self._saved_at, self._cost = time.perf_counter(), 0.0
        self._damaged: set[Path] = set()

    def is_due(self, *, epoch_ended: bool) -> bool:
        """Whether the last checkpoint is long enough ago for another."""
        seconds = self._pause * max(EPOCH if epoch_ended else WITHIN, COST * self._cost)
        return time.perf_counter() - self._saved_at >= seconds

    def save(self, checkpoint: Checkpoint) -> None:
        """Write it and let go of all but the one before it.

        Raises:
            OSError: it cannot be written; those before it are intact.
        """
        begun = time.perf_counter()
        path = self.folder / f"step-{checkpoint.record['step']:09d}.safetensors"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            files.write_bytes(path, _written(checkpoint))
        finally:
            self._saved_at = time.perf_counter()
            self._cost = self._saved_at - begun
        found = self._found()
        # Those of later steps are damaged, or from before the training began again.
        for other in (*found[: found.index(path)], *found[found.index(path) + KEPT :]):
            other.unlink(missing_ok=True)

    def newest(self) -> Checkpoint | None:
        """The newest that is whole; None where there are none. Nothing in it is executed.

        Raises:
            BadCheckpoint: there are some, but none is whole.
        """
        found = self._found()
        for path in found:
            try:
                return _read(path)
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                why = f"the checkpoint {path} is damaged ({_first_line(error)})"
                if path == found[-1]:
                    raise BadCheckpoint(why, "start again without --resume") from error
                if path not in self._damaged:
                    self._say(f"{why}: going on from the one before it")
                self._damaged.add(path)
        return None

    def recipe(self, recipe: Recipe) -> Recipe:
        """With the learning rate that was measured when the training began, if it has none yet."""
        before = None if recipe.learning_rate else self.newest()
        if before is None:
            return recipe
        values = before.record["recipe"]
        why = values["reasons"].get("learning_rate", "")
        return recipe.because({"learning_rate": why}, learning_rate=values["learning_rate"])

    def forget(self) -> None:
        """Remove the checkpoints, and what was left half-written; the folder too if nothing else is in it."""
        for path in (*self._found(), *self.folder.glob(".step-*")):
            path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _found(self) -> list[Path]:
        """Newest first."""
        return sorted(self.folder.glob("step-*.safetensors"), reverse=True)


def refuse_other(checkpoint: Checkpoint, recipe: Recipe, data: str) -> None:
    """A training goes on only with the recipe and the data that it began with.

    Raises:
        BadCheckpoint: it began with others.
    """
    before = checkpoint.record["recipe"]
    for name in NAMES:
        now = getattr(recipe, name)
        if before.get(name) != now:
            raise BadCheckpoint(
                f"the training began with {name} = {before.get(name)}, not {now}",
                "resume it with its own recipe, or start again without --resume",
            )
    if checkpoint.record["data"] != data:
        raise BadCheckpoint(
            "the training began with other data, or another split of them",
            "resume it with its own data, or start again without --resume",
        )


def refuse_odd(checkpoint: Checkpoint, weights: Mapping[str, Tensor], steps: int) -> None:
    """Whole as it is, its tensors may be none of this net: such a file was not written by us.

    Raises:
        BadCheckpoint: they are not.
    """
    wanted = {name: (each.shape, each.dtype) for name, each in weights.items()}
    record, parts = checkpoint.record, ["weights"] + ["best"] * bool(checkpoint.record["history"])
    found = [{k: (v.shape, v.dtype) for k, v in checkpoint.part(each).items()} for each in parts]
    if found != [wanted] * len(parts) or not 0 <= record["step"] <= record["steps"] == steps:
        raise BadCheckpoint("the checkpoint is of another net", "start again without --resume")


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Inside, Ctrl-C and SIGTERM only set what is given; a second one works as ever.

    Where it is not the main thread that trains, signals are left alone.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # None: not set by Python. Ignored: so it is in a job in the background, and under nohup.
    before = {k: v for k, v in before.items() if v not in (None, signal.SIG_IGN)}

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        put_back()

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked.is_set
    finally:
        put_back()


def _written(checkpoint: Checkpoint) -> bytes:
    tensors = _apart(checkpoint.tensors)
    record = json.dumps(checkpoint.record)
    metadata = {"version": VERSION, "record": record, "digest": _digest(tensors, record)}
    return save(tensors, metadata)


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """On the CPU, each with memory of its own: tied weights are written twice."""
    found, seen = {}, set()
    for name, tensor in tensors.items():
        each = tensor.detach().cpu().contiguous()
        place = each.untyped_storage().data_ptr()
        found[name] = each.clone() if place in seen else each
        seen.add(place)
    return found


def _read(path: Path) -> Checkpoint:
    with safe_open(path, "pt") as opened:
        metadata = opened.metadata() or {}
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    if metadata["version"] != VERSION:
        raise ValueError(f"it is of version {metadata['version']}")
    if metadata["digest"] != _digest(tensors, metadata["record"]):
        raise ValueError("its contents are not what was written")
    record = objects.parsed(metadata["record"])
    for name, kind in _PARTS.items():
        objects.again(kind, record[name])
    return Checkpoint(tensors, record)


def _digest(tensors: Mapping[str, Tensor], record: str) -> str:
    """Of names, shapes, types, values and record: the format itself notices no changed value."""
    found = hashlib.blake2b(record.encode(), digest_size=16)
    for name in sorted(tensors):
        found.update(f"{name} {tuple(tensors[name].shape)} {tensors[name].dtype}".encode())
        found.update(bytes_of(tensors[name]))
    return found.hexdigest()


def _first_line(error: Exception) -> str:
    text = f"no {error} in it" if isinstance(error, KeyError) else str(error)
    return text.partition("\n")[0]
