"""The family ``accumulation``: backward passes for each update, and what they add up."""

from typing import TypedDict

from unstuck.records.finding import Place


class Cut(TypedDict):
    """A window that no update ended; ``cleared``: its gradients were never used."""

    step: int
    passes: int
    cleared: bool


class Accumulation(TypedDict):
    """``windows``: the backward passes of one update from one line, ``[passes, how often]`` pairs.

    ``model``: the one model they went through, empty if there were several or none. ``ratios``: the
    number given to backward over the number that the loss function gave, where there was one call
    of it for each backward. ``mean``: the loss function takes the mean. ``rescaled``: updates whose
    gradients were changed between the last backward pass and the update, of ``judged``.
    ``batches``: in one pass over the data. ``epochs``: how often the data began again.
    """

    windows: list[list[float]]
    model: str
    place: Place | None
    ratios: list[list[float]]
    mean: bool
    rescaled: int
    judged: int
    batches: int | None
    epochs: int
    cut: list[Cut]
