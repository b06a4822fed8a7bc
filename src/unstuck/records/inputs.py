"""The family ``inputs``: what the trained models and their first layers received in training."""

from typing import TypedDict

from unstuck.records.finding import Place


class NonFinite(TypedDict):
    """The first call that had entries that are NaN or infinite.

    ``rows`` and ``columns`` name up to eight of them, ``columns`` for tables only; ``entries`` and
    ``of`` count. All three are empty or 0 where only the sum was read, from a device.
    """

    step: int
    call: int
    entries: int
    of: int
    rows: list[int]
    columns: list[int]
    calls: int


class Argument(TypedDict):
    """One tensor argument of a model in training.

    ``name`` is its position or its keyword; ``made``: it came with a graph, so a network made it.
    ``steps`` and ``distinct``: of how many steps the first call was compared, and how many different
    values there were; ``unchanged`` those whose value was that of the step before. ``looks`` closer
    looks: in ``same_rows`` of them all rows were equal, in ``constant`` of them all entries.
    ``duplicates``: the largest share of rows that repeat another row of their batch.
    """

    model: str
    name: str
    place: Place | None
    dtype: str
    shape: list[int]
    integer: bool
    made: bool
    calls: int
    steps: int
    distinct: int
    unchanged: int
    looks: int
    same_rows: int
    constant: int
    value: float
    duplicates: float
    nonfinite: NonFinite | None


class Column(TypedDict):
    """A feature of a table, or a channel of an image, as it reached a layer.

    ``binary``: only 0 and 1 were seen. ``zeros``: share of exact zeros.
    """

    index: int
    mean: float
    std: float
    largest: float
    zeros: float
    binary: bool


class DataLayer(TypedDict):
    """A trained layer that is fed by data and by no other layer, and what reached it.

    ``root_mean_square`` is over all entries; at most 256 columns are kept.
    """

    name: str
    kind: str
    place: Place | None
    looks: int
    rows: int
    features: int
    mean: float
    root_mean_square: float
    minimum: float
    maximum: float
    columns: list[Column]


class Inputs(TypedDict):
    """``layers`` is None when what the layers kept for the backward pass could not be read."""

    arguments: list[Argument]
    layers: list[DataLayer] | None
