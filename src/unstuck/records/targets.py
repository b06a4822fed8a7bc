"""The family ``targets``: what the losses of the training compared the predictions with."""

from typing import TypedDict

from unstuck.records.finding import Place


class Target(TypedDict):
    """The targets of one line that calls one loss function, over the calls seen.

    ``function`` is its name, or ``squared difference`` and ``absolute difference`` for losses written
    by hand. ``kind``: ``classes`` (integers that number classes), ``one-hot`` (every row has a
    single 1), ``multi-hot`` (0 and 1, other rows), ``shared`` (rows that sum to 1, divided evenly
    among several classes), ``soft`` (other rows that sum to 1), ``binary`` (0 and 1), ``whole``
    (integers from 0 to 63 as floating-point numbers), ``numbers``. ``counts`` holds one number a
    class, for ``whole`` one a value; it is empty where there are no classes.

    ``rows``: rows of tables; ``several``: those with more than one entry above 0. ``below_minus_one``,
    ``below_zero``, ``above_one``: shares of the entries. ``windows``: groups of at least 32 samples in
    the order of training; ``separation``: by how much the classes of a group tell more than
    chance, 0 for mixed and 1 for groups of a single class; ``between``: the share of the variance
    that lies between the groups; ``ascending``: the share of neighbours in a batch that are in order.
    ``first_prediction`` is the root mean square of the first predictions; ``nonfinite`` counts the
    entries that are NaN or infinite, from ``nonfinite_step`` on.
    """

    function: str
    place: Place | None
    calls: int
    first_step: int
    shape: list[int]
    prediction_shape: list[int]
    kind: str
    counts: list[int]
    rows: int
    several: int
    entries: int
    mean: float
    std: float
    minimum: float
    maximum: float
    below_minus_one: float
    below_zero: float
    above_one: float
    windows: int
    separation: float | None
    between: float | None
    ascending: float | None
    weighted: bool
    made: bool
    chain: list[str]
    first_prediction: float
    nonfinite: int
    nonfinite_step: int | None


Targets = list[Target]
"""One entry a line of a loss function in training."""
