"""The family ``clipping``: every line that clips gradients."""

from typing import TypedDict

from unstuck.records.finding import Place


class ClipLine(TypedDict):
    """``calls`` of them: ``early`` without a backward pass since the last update (or before any),
    ``empty`` without a parameter that has a gradient. ``norms``: ``[step, norm before clipping]`` by
    norm. ``cut``: ``[step, share]`` of gradient entries that clipping by value cuts. ``covered``:
    shares of the numbers about to be updated that were given, at looks.
    """

    function: str
    threshold: float
    calls: int
    early: int
    empty: int
    norms: list[list[float]]
    cut: list[list[float]]
    covered: list[float]
    optimizer: str
    place: Place | None


Clipping = list[ClipLine]
