"""The family ``filters``: the first convolution of each model that looks at pictures."""

from typing import TypedDict

from unstuck.records.finding import Place


class Filter(TypedDict):
    """``smooth``: ``[updates, correlation of neighbouring weights]`` at the looks (0 is white noise).

    ``change``: how far the weights are from those of the first look, relative to these.
    """

    name: str
    kernel: list[int]
    channels: int
    smooth: list[list[float]]
    change: float | None
    updates: int
    place: Place | None


Filters = list[Filter]
