"""Rows that a replay keeps back: the same in every replay, whatever the order of the batches."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

SHARE = 4
"""One row in so many is kept back: enough to score, few enough to change little."""
FEWEST = 4
"""Batches with fewer rows are left whole."""

_VIEWS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class Rows:
    """Tells rows by their contents."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._weights = torch.zeros(0, dtype=torch.int64)
        self._generator = torch.Generator().manual_seed(0)

    def numbers(self, given: Any) -> Tensor | None:
        """A number for each row of the first tensor with rows; equal rows have equal numbers."""
        tensor = next((each for each in tensors(given) if each.dim() and each.numel()), None)
        if tensor is None or tensor.is_complex():
            return None
        flat = tensor.detach().to("cpu").contiguous().view(_VIEWS[tensor.element_size()])
        flat = flat.reshape(len(tensor), -1).to(torch.int64)
        if flat.shape[1] > len(self._weights):
            more = torch.randint(1 << 62, (flat.shape[1],), generator=self._generator)
            self._weights = torch.cat([self._weights, more[len(self._weights) :] * 2 + 1])
        mixed = (flat * self._weights[: flat.shape[1]]).sum(1)
        return (mixed ^ (mixed >> 29)) * 0x5851F42D4C957F2D

    def kept_back(self, numbers: Tensor) -> Tensor | None:
        """Which rows are kept back; None where that would leave nothing, or keep nothing."""
        back = (numbers >> 33) % SHARE == 0
        few = len(numbers) < FEWEST or bool(back.all()) or not bool(back.any())
        return None if few else back

    def fresh(self, numbers: Tensor) -> float:
        """The share of these rows that was not seen before; they are seen now."""
        values = set(numbers.tolist())
        new = len(values - self._seen)
        self._seen |= values
        return new / len(values)


def spread(back: Tensor, rows: int) -> Tensor | None:
    """The same for the rows of a prediction, which may be several for each row of the input."""
    if rows % len(back):
        return None
    return back.repeat_interleave(rows // len(back))


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor of a structure, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors(each)
