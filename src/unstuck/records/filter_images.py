"""The family ``filter_images``: the weights of the first convolution, as pictures."""

from typing import TypedDict

from unstuck.records.finding import Place


class FilterImageLook(TypedDict):
    """At ``step``: of each filter the mean over its input channels, row by row."""

    step: int
    weights: list[list[float]]


class FilterImages(TypedDict):
    """The first two-dimensional convolution that sees images of at most four channels.

    ``rows`` and ``columns`` of one filter, at most 11; ``filters``: how many there are, of which at
    most 32 are kept. ``looks``: the first and the newest.
    """

    name: str
    channels: int
    filters: int
    rows: int
    columns: int
    looks: list[FilterImageLook]
    place: Place | None
