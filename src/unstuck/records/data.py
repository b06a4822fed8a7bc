"""The family ``data``: how much data there is and how it comes."""

from typing import TypedDict

from unstuck.records.finding import Place


class Loader(TypedDict):
    """A DataLoader that the script iterated over. ``sampler``: the class that orders its samples."""

    place: Place | None
    samples: int | None
    batch: int | None
    batches: int | None
    workers: int
    sampler: str
    epochs: int
    first_step: int


class Data(TypedDict):
    """``batch``: samples in one forward pass; the rest as in question 8; None where unknown."""

    batch: int | None
    samples: int | None
    updates_per_epoch: int | None
    backwards_per_step: float | None
    loaders: list[Loader]
