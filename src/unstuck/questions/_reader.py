"""Trains on the rows of one file, in a process of its own, and tells what memory that took.

Run as a script, so that nothing but NumPy is loaded: ``_reader.py '{"way": "map", ...}'``.
"""

import json
import mmap
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS, PIXELS, CLASSES = 20_000, 784, 10
"""A third of MNIST: a byte a pixel, 16 MB. The class of row i is i modulo 10."""

RATE = 0.1

WAYS: dict[str, Callable[[str], NDArray[Any]]] = {
    "load": lambda path: np.load(path),
    "map": lambda path: np.load(path, mmap_mode="r"),
    "copied": lambda path: np.array(np.load(path, mmap_mode="r")),
    "cast": lambda path: np.load(path, mmap_mode="r").astype(np.float32),
    "archive": lambda path: np.load(path, mmap_mode="r")["x"],
}


def status() -> dict[str, int]:
    """The memory of this process in bytes, by the names of ``/proc``; empty where there is none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return {}
    words = [line.replace(":", "").split() for line in lines if line.endswith(" kB")]
    return {name: int(number) * 1024 for name, number, _ in words}


def train(x: NDArray[Any], order: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """The weights of softmax regression after the rows in this order, ``size`` a batch."""
    weights = np.zeros((PIXELS, CLASSES))
    for at in range(0, len(order) - size + 1, size):
        rows = order[at : at + size]
        batch = x[rows].astype(np.float64) / 255
        slopes = np.exp(batch @ weights)
        slopes /= slopes.sum(1, keepdims=True)
        slopes[np.arange(size), rows % CLASSES] -= 1
        weights -= RATE / size * batch.T @ slopes
    return weights


def read(path: str, way: str, seed: int, size: int, room: int = 0) -> dict[str, Any]:
    """Train one epoch; by how much memory grew, and the weights.

    With ``room`` no more than so many bytes of private memory may be added: without enough of it,
    only ``fits`` is told.
    """
    order = np.random.default_rng(seed).permutation(ROWS)
    train(np.zeros((size, PIXELS), np.uint8), np.arange(size), size)  # what any training loads
    if room:
        _limit(status()["VmData"] + room)
    before = status()
    try:
        x = WAYS[way](path)
        weights = train(x, order, size)
    except MemoryError:
        return {"fits": False}
    after = status()
    told = _again(x, order, size) if way == "map" else {}
    return told | {
        "fits": True,
        "private": after["RssAnon"] - before["RssAnon"],
        "resident": after["VmRSS"] - before["VmRSS"],
        "memmap": isinstance(x, np.memmap),
        "weights": weights.ravel().tolist(),
    }


def _again(x: NDArray[Any], order: NDArray[np.int64], size: int) -> dict[str, Any]:
    """How much of a map was resident until its pages were dropped, and the weights of another epoch."""
    pages: Any = x.base  # NumPy's types do not say that it is the mmap
    before = status()["VmRSS"]
    pages.madvise(mmap.MADV_DONTNEED)
    dropped = before - status()["VmRSS"]
    return {"dropped": dropped, "again": train(x, order, size).ravel().tolist()}


def _limit(size: int) -> None:
    import resource  # not on every system

    resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))


if __name__ == "__main__":
    print(json.dumps(read(**json.loads(sys.argv[1]))))
