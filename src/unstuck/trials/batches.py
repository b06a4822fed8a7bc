"""Batches that a replay keeps, to ask the model of them again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.trials.replay import LossCall


@dataclass(frozen=True)
class Path:
    """Where in the output of the outermost module a prediction is found: a view of one tensor."""

    keys: tuple[Any, ...]
    shape: torch.Size
    stride: tuple[int, ...]
    offset: int

    def of(self, output: Any) -> Tensor | None:
        """The prediction in another output of the same module; None if it is not there."""
        for key in self.keys:
            output = output[key]
        if not isinstance(output, Tensor):
            return None
        if output.shape == self.shape and output.stride() == self.stride:
            return output
        needed = 1 + sum((n - 1) * s for n, s in zip(self.shape, self.stride, strict=True))
        if self.offset + needed > output.untyped_storage().nbytes() // output.element_size():
            return None
        return output.as_strided(self.shape, self.stride, output.storage_offset() + self.offset)


@dataclass(frozen=True)
class Batch:
    """One call of the model and the loss on it, to be asked again at the end."""

    module: nn.Module
    arguments: Any
    keywords: Any
    path: Path
    call: LossCall
    back: Tensor | None


@dataclass(frozen=True)
class Ended:
    """A replay after its last step: the batches that it kept, and the model to be asked of them.

    ``ask`` gives the loss call on a batch as the model, in evaluation mode, now predicts it; None if its
    prediction is not found.
    """

    training: Sequence[Batch]
    validation: Sequence[Batch]
    ask: Callable[[Batch], LossCall | None]


def find(output: Any, prediction: Tensor, keys: tuple[Any, ...] = ()) -> Path | None:
    """Where the prediction lies in the output; None if it is not a part or a view of it."""
    if isinstance(output, Tensor):
        storage = output.untyped_storage().data_ptr()
        if output.device.type != "cpu" or not storage:
            return Path(keys, output.shape, output.stride(), 0) if output is prediction else None
        if prediction.untyped_storage().data_ptr() != storage or prediction.dtype != output.dtype:
            return None
        offset = int(prediction.storage_offset()) - int(output.storage_offset())
        return Path(keys, prediction.shape, prediction.stride(), offset)
    if isinstance(output, dict):
        pairs: list[tuple[Any, Any]] = list(output.items())
    elif isinstance(output, list | tuple):
        pairs = list(enumerate(output))
    else:
        return None
    found = (find(value, prediction, (*keys, key)) for key, value in pairs)
    return next((path for path in found if path is not None), None)


def copied(value: Any) -> Any:
    """The structure with copies of its tensors: a script may fill the same buffer again."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(copied(each) for each in value))
    if isinstance(value, list | tuple):
        return type(value)(copied(each) for each in value)
    return value
