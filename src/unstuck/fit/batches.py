"""Rows of inputs and targets as batches: encoded once where they fit, else a batch ahead of the training."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from unstuck.fit import encoders
from unstuck.fit.encoders import Encoder, Rows
from unstuck.fit.examples import Inputs

ROOM = 2**28
"""Bytes of encoded rows that are kept; more are encoded again for each batch."""

LOOKED_AT = 256
"""Rows, evenly spread, that tell data that are not kept from others."""

Batch = tuple[tuple[Tensor, ...], Tensor]


class Encoded(Dataset[Batch]):
    """Rows of inputs, encoded, with their targets; asked for whole batches at once."""

    def __init__(self, inputs: Inputs, rows: Rows, encoder: Encoder, targets: Tensor) -> None:
        self._inputs, self._rows, self._encoder = inputs, rows, encoder
        self.targets = targets
        self._places: Tensor | None = None
        first = encoder.encoded(inputs, rows[:1])
        size = sum(each.nbytes for each in first) * len(rows)
        self._kept = encoder.encoded(inputs, rows) if size <= ROOM else None

    def at_once(self, most: int) -> int:
        """How many rows are predicted together."""
        return self._encoder.shape.at_once(most)

    @property
    def is_kept(self) -> bool:
        """Whether the encoded rows lie in memory."""
        return self._kept is not None

    def __len__(self) -> int:
        return len(self._rows)

    def part(self, rows: Rows) -> "Encoded":
        """Some of these rows, which are sorted; what is encoded is shared."""
        found, places = copy(self), np.searchsorted(self._rows, rows)
        found._rows, found._places = rows, torch.from_numpy(places)
        found.targets = self.targets[found._places]
        return found

    def __getitem__(self, place: int) -> Batch:
        return self.__getitems__([place])

    def __getitems__(self, places: Sequence[int] | Tensor) -> Batch:
        which = torch.as_tensor(places)
        targets = self.targets.index_select(0, which)
        if self._kept is not None:
            which = which if self._places is None else self._places.index_select(0, which)
            return tuple(each.index_select(0, which) for each in self._kept), targets
        return self._encoder.encoded(self._inputs, self._rows[which.numpy()]), targets

    def fingerprint(self) -> str:
        """Tells these rows, targets and encoding from others: of rows that are not kept, from a sample."""
        found = hashlib.blake2b(digest_size=16)
        found.update(json.dumps(encoders.kept(self._encoder), sort_keys=True).encode())
        found.update(self._rows.tobytes())
        found.update(bytes_of(self.targets))
        some = torch.arange(0, len(self), -(-len(self) // LOOKED_AT))
        every = torch.arange(len(self)) if self.is_kept else some
        for each in self.__getitems__(every)[0]:
            found.update(bytes_of(each))
        return found.hexdigest()


def bytes_of(tensor: Tensor) -> memoryview:
    """The bytes of a tensor's values, whatever its type."""
    flat = tensor.detach().cpu().contiguous().flatten()
    return flat.view(torch.uint8).numpy().data


def drawn(seed: int, what: str, number: int) -> int:
    """A seed for what is drawn at this place, so that no generator's state has to be kept."""
    text = f"{seed} {what} {number}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest())


class Order:
    """Shuffled rows: each epoch in an order of its own, which its number and the seed give.

    A training that goes on in the middle of an epoch begins with batch ``start``.
    """

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.seed, self.epoch, self.start = rows, seed, 0, 0

    def places(self) -> Tensor:
        """The places of all rows (rows,) in the order of this epoch."""
        draw = torch.Generator().manual_seed(drawn(self.seed, "order", self.epoch))
        return torch.randperm(self.rows, generator=draw)


class Batches(DataLoader[Batch]):
    """Batches of at most ``size`` rows in an order, or as the rows stand.

    Rows are spread evenly: the last batch is no smaller than the others, which would make its
    gradient noise, and with a single row the statistics of a batch undefined. ``part`` is which of how
    many shares of each batch is given: one share a process.
    """

    def __init__(
        self, rows: Encoded, size: int, order: Order | None = None, part: tuple[int, int] = (0, 1)
    ) -> None:
        super().__init__(rows, size)
        self._encoded, self._order, self._part = rows, order, part

    def __len__(self) -> int:
        return -(-len(self._encoded) // (self.batch_size or 1))

    @property
    def fewest(self) -> int:
        """Rows in the smallest batch, of all shares together."""
        return len(self._encoded) // len(self)

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        # Its own iterator is slow, but tells whoever watches that an epoch begins.
        super().__iter__()
        batches = self._places()
        return (
            map(self._encoded.__getitems__, batches)
            if self._encoded.is_kept
            else self._ahead(batches)
        )

    def _places(self) -> list[Tensor]:
        order, (place, count) = self._order, self._part
        places = torch.arange(len(self._encoded)) if order is None else order.places()
        batches = places.tensor_split(len(self))[order.start if order else 0 :]
        return [each.tensor_split(count)[place] for each in batches] if count > 1 else list(batches)

    def _ahead(self, batches: list[Tensor]) -> Iterator[Batch]:
        """Encode a batch while the one before it is trained on."""
        with ThreadPoolExecutor(1) as worker:
            upcoming = worker.submit(self._encoded.__getitems__, batches[0])
            for places in batches[1:]:
                ready, upcoming = upcoming, worker.submit(self._encoded.__getitems__, places)
                yield ready.result()
            yield upcoming.result()
