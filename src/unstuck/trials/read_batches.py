"""Batches read once, kept, and given again; how a model is called with them."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.errors import NotSearchable

ROOM = 2**30
"""Bytes of batches that are kept; what comes later is not read, and the first ones come round again."""

_PAIR = "give pairs of inputs and targets, such as a DataLoader over a TensorDataset(x, y)"


class ReadBatches:
    """The first batches of an iterable, as copies: one that reuses its buffer is no trap."""

    def __init__(self, batches: Iterable[Any], device: torch.device | None = None) -> None:
        self._source: Iterator[Any] | None = iter(batches)
        self._device = device
        self._kept: list[tuple[Any, Any]] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, count: int) -> None:
        """Read on until there are so many, or there are no more, or they take too much memory.

        Raises:
            NotSearchable: there is none, or one is no pair.
        """
        while self._source is not None and len(self._kept) < count:
            try:
                batch = next(self._source)
            except StopIteration:
                self.close()
                break
            pair = copied(_pair(batch))
            self._kept.append(pair)
            self._bytes += sum(tensor.nbytes for tensor in _tensors(pair))
            if self._bytes > ROOM:
                self.close()
        if not self._kept:
            raise NotSearchable("there is no batch to train on", f"`batches` was empty: {_PAIR}")

    def close(self) -> None:
        """Read no more; the workers of a loader end."""
        self._source = None

    def __getitem__(self, step: int) -> tuple[Any, Any]:
        """The inputs and targets of a step, fresh copies on the model's device."""
        pair = self._kept[step % len(self._kept)]
        # What stands on another device already was put there on purpose, lengths of sequences too.
        on_host = all(tensor.device.type == "cpu" for tensor in _tensors(pair))
        inputs, targets = copied(pair, self._device if on_host else None)
        return inputs, targets


def call(model: nn.Module, inputs: Any) -> Any:
    """The model's output: a tuple or list is its arguments, a mapping its keywords, if it takes them."""
    if type(inputs) in (tuple, list) and _takes(model, *inputs):
        return model(*inputs)
    if isinstance(inputs, Mapping) and _takes(model, **inputs):
        return model(**inputs)
    return model(inputs)


def copied(value: Any, device: torch.device | None = None) -> Any:
    """The value with copies of its tensors, on that device if one is given."""
    if isinstance(value, Tensor):
        fresh = value.detach().to(device or value.device, copy=True)
        return fresh.requires_grad_(value.requires_grad)
    if isinstance(value, tuple):
        items = [copied(item, device) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [copied(item, device) for item in value]
    if type(value) is dict:
        return {key: copied(item, device) for key, item in value.items()}
    if isinstance(value, Mapping):
        return type(value)({key: copied(item, device) for key, item in value.items()})  # type: ignore[call-arg]
    return value


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        size = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
        raise NotSearchable(f"a batch is a {type(batch).__name__}{size}, not a pair", _PAIR)
    return batch[0], batch[1]


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from (tensor for item in value.values() for tensor in _tensors(item))
    elif isinstance(value, tuple | list):
        yield from (tensor for item in value for tensor in _tensors(item))


def _takes(model: nn.Module, *words: Any, **keywords: Any) -> bool:
    try:
        inspect.signature(model.forward).bind(*words, **keywords)
    except (TypeError, ValueError):
        return False
    return True
