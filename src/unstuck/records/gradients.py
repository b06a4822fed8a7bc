"""The family ``gradients``: sizes of gradients, weights and updates, layer by layer."""

from typing import TypedDict

from unstuck.records.finding import Place


class GradientLook(TypedDict):
    """One layer just before an update. Norms are Euclidean, of the weight without its bias.

    ``zeros``: share of gradient entries that are exactly 0, ``zero_rows``: of rows (units) that are.
    ``update``: size of the change that the optimizer then made, relative to ``weight``; None where
    the weight was zero or the change was not seen.
    """

    step: int
    gradient: float
    largest: float
    zeros: float
    zero_rows: float
    weight: float
    update: float | None


class GradientLayer(TypedDict):
    """``optimizer``: the class that updates it. ``fan_in``: inputs of one unit."""

    name: str
    kind: str
    optimizer: str
    numel: int
    fan_in: int
    looks: list[GradientLook]
    place: Place | None


class Rate(TypedDict):
    """The learning rate of an optimizer's first group."""

    step: int
    optimizer: str
    rate: float


class Gradients(TypedDict):
    """``totals``: ``[step, norm]`` of all gradients of an optimizer, just before its update."""

    layers: list[GradientLayer]
    totals: list[list[float]]
    rates: list[Rate]
