"""The family ``activations``: what the non-linearities let through."""

from typing import TypedDict

from unstuck.records.finding import Place


class ActivationLook(TypedDict):
    """One use in one forward pass, or a sample of it.

    ``zeros``: share of exact zeros; ``saturated``: of entries where the slope is below a hundredth of
    the steepest. ``dead``: share of units that are zero for the whole batch; ``dead_for_long``: and
    were so in the two looks before. Both are None where the units cannot be told. ``rows``: samples
    and positions. ``varies``: what enters the layer differs from sample to sample.
    """

    step: int
    rows: int
    zeros: float
    saturated: float
    mean: float
    deviation: float
    minimum: float
    maximum: float
    dead: float | None
    dead_for_long: float | None
    varies: bool


class Histogram(TypedDict):
    """Counts of a sample in equal bins between ``low`` and ``high``."""

    step: int
    low: float
    high: float
    counts: list[int]


class Activation(TypedDict):
    """``layer`` feeds it; ``kind`` is ReLU, tanh, ... ``of_input``: the numbers are those of its input
    (functions that do not save their result). ``gate``: it multiplies something that is learned;
    ``output``: no layer comes after it on some way to the loss.
    """

    layer: str
    kind: str
    units: int
    of_input: bool
    gate: bool
    output: bool
    looks: list[ActivationLook]
    histograms: list[Histogram]
    place: Place | None


Activations = list[Activation]
