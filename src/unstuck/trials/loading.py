"""A loader with workers in a forked process: its workers belong to another, so it loads by itself.

The indices that were sent to the workers are remembered until the fork; after it each iterator fetches
in the process, with a random state for each worker as torch seeds them
(``torch/utils/data/_utils/worker.py``), so that the batches are the same.
"""

import random
import sys
import weakref
from collections import deque
from typing import Any

import torch
from torch.utils.data import _utils, get_worker_info
from torch.utils.data.dataloader import (
    _BaseDataLoaderIter,
    _DatasetKind,
    _MultiProcessingDataLoaderIter,
)

from unstuck.observe.generators import RandomStates


class SentIndices:
    """What was sent to workers, from when it is attached until it is detached."""

    def __init__(self) -> None:
        self.sent: weakref.WeakKeyDictionary[Any, list[Any]] = weakref.WeakKeyDictionary()

    def attach(self) -> None:
        """Begin to remember."""
        original: Any = _BaseDataLoaderIter._next_index
        sent = self.sent

        def _next_index(iterator: Any) -> Any:
            index = original(iterator)
            sent.setdefault(iterator, []).append(index)
            return index

        _MultiProcessingDataLoaderIter._next_index = _next_index  # type: ignore[method-assign]

    def detach(self) -> None:
        """Forget all, and leave torch as it was."""
        self.sent.clear()
        if "_next_index" in vars(_MultiProcessingDataLoaderIter):
            del _MultiProcessingDataLoaderIter._next_index

    def unfit(self) -> str | None:
        """Why an iterator cannot go on without its workers; None if all can."""
        kinds = {iterator._dataset_kind for iterator in self.sent}
        if _DatasetKind.Iterable in kinds:
            return "an iterable dataset is loaded by worker processes"
        return None

    def take_over(self) -> None:
        """In the forked process: every iterator alive goes on by itself, later ones as well."""
        sent = {iterator: list(indices) for iterator, indices in self.sent.items()}
        self.detach()
        for iterator, indices in sent.items():
            taken = iterator._rcvd_idx
            iterator.__class__ = InProcess
            iterator._begin(deque(indices))
            for _ in range(taken):  # as its workers did, so that their random states are there
                iterator._fetch()
        setattr(torch.utils.data.dataloader, _MultiProcessingDataLoaderIter.__name__, InProcess)


class InProcess(_BaseDataLoaderIter):
    """An iterator of a loader with workers that loads in this process.

    As many indices are drawn ahead as would be sent to workers: a sampler draws from the generator when
    it is asked, and that is to happen at the same moments.
    """

    def __init__(self, loader: Any) -> None:
        super().__init__(loader)
        self._prefetch_factor = loader.prefetch_factor
        self._worker_init_fn = loader.worker_init_fn
        self._begin(deque())
        self._draw_ahead()

    def _reset(self, loader: Any, first_iter: bool = False) -> None:
        super()._reset(loader, first_iter)
        self._ahead: deque[Any] = deque()
        self._draw_ahead()

    def _begin(self, ahead: deque[Any]) -> None:
        self._ahead = ahead
        self._fetched = 0
        self._states: dict[int, RandomStates] = {}

    def _draw_ahead(self) -> None:
        for _ in range(self._prefetch_factor * self._num_workers):
            self._draw()

    def _draw(self) -> None:
        try:
            self._ahead.append(self._next_index())  # type: ignore[no-untyped-call]
        except StopIteration:
            return

    def _next_data(self) -> Any:
        if not self._ahead:
            raise StopIteration
        data = self._fetch()
        self._draw()
        return data

    def _fetch(self) -> Any:
        worker, index = self._fetched % self._num_workers, self._ahead.popleft()
        self._fetched += 1
        ours = RandomStates.now()
        before, _utils.worker._worker_info = get_worker_info(), self._info(worker)
        try:
            if worker in self._states:
                self._states[worker].restore()
            else:
                self._start(worker)
            samples = self._samples(index)
            # Torch collates into shared memory where it believes to be in a worker.
            _utils.worker._worker_info = before
            return self._collate_fn(samples)
        finally:
            self._states[worker] = RandomStates.now()
            _utils.worker._worker_info = before
            ours.restore()

    def _samples(self, index: Any) -> Any:
        """As ``torch/utils/data/_utils/fetch.py`` gets them from a dataset with indices."""
        dataset: Any = self._dataset
        if not self._auto_collation:
            return dataset[index]
        if getattr(dataset, "__getitems__", None):
            return dataset.__getitems__(index)
        return [dataset[each] for each in index]

    def _info(self, worker: int) -> Any:
        return _utils.worker.WorkerInfo(
            id=worker,
            num_workers=self._num_workers,
            seed=int(self._base_seed) + worker,
            dataset=self._dataset,
        )

    def _start(self, worker: int) -> None:
        """As a worker begins: its seeds, and the function of the script."""
        seed = int(self._base_seed) + worker
        random.seed(seed)
        torch.manual_seed(seed)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            state: Any = _utils.worker._generate_state
            numpy.random.seed(state(self._base_seed, worker))
        if self._worker_init_fn is not None:
            self._worker_init_fn(worker)
