"""The family ``layers``: the layers that ran, and what feeds what."""

from typing import TypedDict

from unstuck.records.finding import Place


class Node(TypedDict):
    """A layer with a weight. ``kind``: the class of the module, or ``parameter``.

    ``inputs`` and ``outputs``: its widths; ``depth``: how many layers lie on the longest way to it,
    itself included; ``uses``: how often one pass uses it; ``normalised``: a normalisation follows;
    ``tied``: an embedding uses the same weight. ``kernel`` is empty for a matrix.
    """

    name: str
    kind: str
    inputs: int
    outputs: int
    kernel: list[int]
    groups: int
    depth: int
    uses: int
    normalised: bool
    tied: bool
    place: Place | None


class Edge(TypedDict):
    """``source`` feeds ``target`` through ``operations`` (without those that only move numbers).

    ``straight``: the input of the target is a linear function of this one layer's output.
    """

    source: str
    target: str
    operations: list[str]
    straight: bool


class Dropout(TypedDict):
    """A dropout: the module's name, or empty; the layer before it, or empty; its rate.

    ``output``: only the loss comes after it.
    """

    name: str
    layer: str
    rate: float
    output: bool
    place: Place | None


class Layers(TypedDict):
    """``looks``: graphs that were read. ``normalised``: some normalisation ran. ``functions``: the
    non-linearities that ran. ``opaque``: something hides a part. ``left_out``: layers or edges
    beyond the 300 that are kept."""

    looks: int
    nodes: list[Node]
    edges: list[Edge]
    dropouts: list[Dropout]
    functions: list[str]
    normalised: bool
    opaque: bool
    left_out: int
