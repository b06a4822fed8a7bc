"""NumPy arrays, tensors and nested lists, in memory or as .npy and .npz files."""

from pathlib import Path
from typing import Any

import numpy as np

from unstuck.errors import BadData
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.readers import Wish


def takes(data: Any) -> bool:
    """Whether it is an array, a tensor, a list, or such a file."""
    if isinstance(data, Path):
        return data.suffix.lower() in (".npy", ".npz")
    return (
        isinstance(data, list | tuple | np.ndarray)
        or type(data).__module__.partition(".")[0] == "torch"
    )


def read(data: Any, wish: Wish, y: Any = None) -> Examples:
    """Inputs (rows, ...) and their targets."""
    source = str(data) if isinstance(data, Path) else "the array"
    values, targets = _opened(data) if isinstance(data, Path) else (_array(data), None)
    targets = targets if y is None else _array(y)
    if targets is None and not wish.predicting:
        raise BadData(f"{source}: there are no targets", "give them: a second array y")
    if targets is not None and len(targets) != len(values):
        raise BadData(
            f"{source}: {len(values)} inputs, but {len(targets)} targets", "each input needs one"
        )
    return Examples(
        Arrays(values.reshape(len(values), -1) if values.ndim < 3 else values), source, targets
    )


def _opened(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                found = {name: archive[name] for name in archive.files}
            return found["x"], found.get("y")
        return np.load(path, mmap_mode="r", allow_pickle=False), None
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise BadData(
            f"cannot read {path}: {error}",
            "a file that numpy.save or numpy.savez wrote, with x and y",
        ) from error


def _array(data: Any) -> np.ndarray:
    data = data.detach().cpu().numpy() if hasattr(data, "detach") else data
    return np.asarray(data)
