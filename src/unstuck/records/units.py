"""The family ``units``: whether the units of a layer are copies of one another."""

from typing import TypedDict

from unstuck.records.finding import Place


class Look(TypedDict):
    """One look: the share of units equal to the first one, in weights and in gradients.

    ``gradient`` is None when there was no gradient; ``zero`` tells that all weights were zero.
    """

    step: int
    weight: float
    gradient: float | None
    zero: bool


class Layer(TypedDict):
    """A weight with one row per unit; ``biases_zero`` is None for a layer without bias."""

    name: str
    units: int
    looks: list[Look]
    biases_zero: bool | None
    place: Place | None


Units = list[Layer]
