"""torch's Datasets and other iterables of pairs: an input and its target."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unstuck.errors import BadData, UsageError
from unstuck.fit import limits
from unstuck.fit.examples import Examples, row_of
from unstuck.fit.readers import Wish, arrays


def takes(data: Any) -> bool:
    """Whether it is a Dataset, a loader, or an iterator."""
    kinds = {
        each.__name__
        for each in type(data).__mro__
        if each.__module__.startswith("torch.utils.data")
    }
    return bool(kinds & {"Dataset", "DataLoader"}) or (
        isinstance(data, Iterator) or arrays.are_pairs(data)
    )


def read(data: Any, wish: Wish, y: Any = None) -> Examples:
    """All pairs, each read once: what a Dataset draws anew every time is drawn once."""
    what = f"the {type(data).__name__}"
    if y is not None:
        raise UsageError(f"{what} has its own targets", "give it without y")
    if type(data).__name__ == "DataLoader":
        data = data.dataset
    tensors = getattr(data, "tensors", None)
    if tensors is not None and len(tensors) == 2:
        inputs, targets = tensors
    else:
        inputs, targets = _stacked(_items(data), _count(data), wish, what)
    found = arrays.read(inputs, wish, targets)
    return Examples(found.inputs, what, found.targets, found.target_names)


def _items(data: Any) -> Iterable[Any]:
    """In order; a Dataset with a length ends there, whatever its ``__getitem__`` would give beyond."""
    iterable = "IterableDataset" in {each.__name__ for each in type(data).__mro__}
    if not iterable and hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return (data[place] for place in range(len(data)))
    found: Iterable[Any] = iter(data)
    return found


def _count(data: Any) -> int:
    return len(data) if hasattr(data, "__len__") else 0


def _stacked(
    items: Iterable[Any], count: int, wish: Wish, what: str
) -> tuple[NDArray[Any], list[Any] | None]:
    first = next(iter(items := iter(items)), None)
    if first is None:
        raise BadData(f"{what}: there are no examples", "give at least some")
    inputs: list[NDArray[Any]] = []
    targets: list[Any] = []
    size = 0
    for row, item in enumerate(chain([first], items)):
        value, target = _pair(item, row, wish.predicting, what)
        array = _input(value)
        if inputs and array.shape != inputs[0].shape:
            raise BadData(
                f"{what}, {row_of(row)}: its shape is {array.shape}, the first has {inputs[0].shape}",
                "give all inputs one shape",
            )
        size += array.nbytes
        limits.refuse_larger_than_memory(what, max(size, array.nbytes * count))
        inputs.append(array)
        targets.append(target)
    has = not all(each is None for each in targets)
    return np.stack(inputs), targets if has else None


def _pair(item: Any, row: int, predicting: bool, what: str) -> tuple[Any, Any]:
    if isinstance(item, list | tuple) and len(item) == 2:
        target = item[1]
        return item[0], arrays.array_of(target).tolist() if hasattr(target, "detach") else target
    if predicting:
        return item, None
    raise BadData(
        f"{what}, {row_of(row)}: {type(item).__name__} is no pair of an input and its target",
        "let it give (input, target)",
    )


def _input(value: Any) -> NDArray[Any]:
    """A tensor, an array, a list of numbers, or an image of Pillow with its channels in front."""
    if hasattr(value, "getbands"):
        pixels = np.asarray(value)
        return pixels if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
    return np.asarray(arrays.array_of(value))
