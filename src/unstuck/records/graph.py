"""The family ``graph``: what the autograd graph of the training loss showed."""

from typing import TypedDict

from unstuck.records.finding import Place


class Broadcast(TypedDict):
    """A difference of predictions and targets, written by hand, that grew by broadcasting."""

    step: int
    prediction_shape: list[int]
    result_shape: list[int]
    place: Place | None


class Graph(TypedDict):
    """``opaque`` names nodes that hide what is behind them (compiled, checkpointed, custom).

    ``before_log_softmax``: the operations that made the input of each log-softmax, wherever it is,
    so also in a loss written by hand. ``backward_place``: the line that calls backward.
    """

    backwards: int
    nodes: int
    opaque: list[str]
    broadcasts: list[Broadcast]
    before_log_softmax: list[str]
    backward_place: Place | None
