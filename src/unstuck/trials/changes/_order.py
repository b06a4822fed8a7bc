"""The order in which loaders give their data, also of the iteration under way."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    TensorDataset,
)
from torch.utils.data.dataloader import _BaseDataLoaderIter

from unstuck.trials.replay import Replay

Loader = DataLoader[Any]
_NAMES = ("targets", "labels", "y")


def iterations(loader: Loader) -> list[Any]:
    """The iterators of a loader that are alive."""
    found = [each for each in gc.get_objects() if issubclass(type(each), _BaseDataLoaderIter)]
    return [each for each in found if each._index_sampler is loader._index_sampler]


def under_way(replay: Replay, fitting: Callable[[Loader], bool]) -> list[Loader]:
    """The loaders that fit: those that are being iterated over, else all."""
    found = [loader for loader in replay.loaders if fitting(loader)]
    return [loader for loader in found if iterations(loader)] or found


def is_usual(loader: Loader) -> bool:
    """Whether torch's own samplers choose the rows: in order, or at random."""
    plain = isinstance(loader.sampler, SequentialSampler | RandomSampler)
    return plain and (loader.batch_sampler is None or type(loader.batch_sampler) is BatchSampler)


def exchange_sampler(
    loader: Loader, sampler: Sampler[int], remaining: Callable[[list[int]], list[int]]
) -> None:
    """Draw rows from another sampler; ``remaining`` says it of the rest of what is under way."""
    for iteration in iterations(loader):
        ahead = getattr(iteration, "_ahead", None)
        drawn = list(ahead or ())
        rest = drawn + list(iteration._sampler_iter)
        new = _regrouped(rest, remaining)
        if ahead is not None:
            ahead.clear()
            ahead.extend(new[: len(drawn)])
            new = new[len(drawn) :]
        iteration._sampler_iter = iter(new)
    if isinstance(loader.batch_sampler, BatchSampler):
        loader.batch_sampler.sampler = sampler
    vars(loader)["sampler"] = sampler  # the class refuses to set it


def _regrouped(rest: list[Any], remaining: Callable[[list[int]], list[int]]) -> list[Any]:
    """Other rows in batches of the same sizes."""
    if not rest or not isinstance(rest[0], list):
        return remaining(rest)
    rows: Iterator[int] = iter(remaining([row for batch in rest for row in batch]))
    return [[next(rows) for _ in batch] for batch in rest]


def labels_of(dataset: Any) -> Tensor | None:
    """The class of each row, where the dataset has them at hand; no row is fetched for it."""
    if isinstance(dataset, Subset):
        whole = labels_of(dataset.dataset)
        return None if whole is None else whole[torch.as_tensor(list(dataset.indices))]
    if isinstance(dataset, TensorDataset):
        return _classes(dataset.tensors[-1])
    found = (getattr(dataset, name, None) for name in _NAMES)
    return next((c for c in map(_classes, found) if c is not None and len(c) == len(dataset)), None)


def _classes(values: Any) -> Tensor | None:
    if values is None or callable(values) or isinstance(values, str):
        return None
    try:
        tensor = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError):
        return None
    tensor = tensor.squeeze(1) if tensor.dim() == 2 and tensor.shape[1] == 1 else tensor
    if tensor.dim() != 1 or not len(tensor) or bool((tensor != tensor.round()).any()):
        return None
    return tensor.long() if int(tensor.min()) >= 0 else None
