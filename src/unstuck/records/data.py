"""The family ``data``: how much data there is and how it comes."""

from typing import TypedDict

from unstuck.records.finding import Place


class Loader(TypedDict):
    """A DataLoader that the script iterated over. ``sampler``: the class that orders its samples.

    ``trains``: a forward pass of training came first when it was started. ``last_batch``: samples in
    the last batch of an epoch, None where that is not known; ``completed``: the times it was
    started again after an update, so that an epoch had ended.
    """

    place: Place | None
    samples: int | None
    batch: int | None
    batches: int | None
    workers: int
    sampler: str
    epochs: int
    first_step: int
    trains: bool
    last_batch: int | None
    drop_last: bool
    completed: int


class Data(TypedDict):
    """``batch``: samples in one forward pass; the rest as in question 8; None where unknown."""

    batch: int | None
    samples: int | None
    updates_per_epoch: int | None
    backwards_per_step: float | None
    loaders: list[Loader]
