"""Rows of inputs and targets as batches: encoded once where they fit, else batch by batch."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from unstuck.fit.encoders import Encoder, Rows
from unstuck.fit.examples import Inputs

ROOM = 2**28
"""Bytes of encoded rows that are kept; more are encoded again for each batch."""

Batch = tuple[tuple[Tensor, ...], Tensor]


class Encoded(Dataset[Batch]):
    """Rows of inputs, encoded, with their targets; asked for whole batches at once."""

    def __init__(self, inputs: Inputs, rows: Rows, encoder: Encoder, targets: Tensor) -> None:
        self._inputs, self._rows, self._encoder = inputs, rows, encoder
        self.targets = targets
        first = encoder.encoded(inputs, rows[:1])
        size = sum(each.nbytes for each in first) * len(rows)
        self._kept = encoder.encoded(inputs, rows) if size <= ROOM else None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> Batch:
        return self.__getitems__([place])

    def __getitems__(self, places: Sequence[int]) -> Batch:
        which = torch.as_tensor(places)
        if self._kept is not None:
            return tuple(each[which] for each in self._kept), self.targets[which]
        return self._encoder.encoded(self._inputs, self._rows[which.numpy()]), self.targets[which]


class Order(Sampler[int]):
    """Shuffled rows: each epoch in an order of its own, which its number and the seed give.

    A training that goes on in the middle of an epoch begins at ``start``.
    """

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.seed, self.epoch, self.start = rows, seed, 0, 0

    def __len__(self) -> int:
        return self.rows - self.start

    def __iter__(self) -> Iterator[int]:
        draw = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        yield from torch.randperm(self.rows, generator=draw)[self.start :].tolist()


def loader_of(rows: Encoded, size: int, order: Order | None = None) -> DataLoader[Batch]:
    """Batches in this order, or as the rows stand."""
    return DataLoader(rows, batch_size=size, sampler=order, collate_fn=lambda batch: batch)
