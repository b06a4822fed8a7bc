"""The family ``loss``: the number that training minimises, step by step."""

from typing import TypedDict

from unstuck.records.finding import Place


class Loss(TypedDict):
    """The loss of each training step.

    ``values``: ``[step, loss]`` pairs, thinned evenly when there are many. ``source``: where the
    number was read. ``nonfinite_steps``: the first steps whose loss was NaN or infinite, at most
    five; ``nonfinite_count``: how many there were. ``recovered``: the newest loss is finite.
    """

    values: list[list[float]]
    source: str
    place: Place | None
    nonfinite_steps: list[int]
    nonfinite_count: int
    nonfinite_kind: str
    recovered: bool
