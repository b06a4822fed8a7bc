"""The family ``validation``: forward passes that were only looked at, between training steps."""

from typing import TypedDict

from unstuck.records.finding import Place


class Evaluation(TypedDict):
    """One series of forward passes of one model from one line, between two updates.

    ``update``: how many updates came before. ``training``: forward passes with the model in
    training mode; ``noisy``: those in which dropout or batch normalisation was active (``noise``
    says which); ``graphs``: those that built a graph for nothing. ``losses``: calls of a loss
    function on them. ``own_loader``: the batches came from a loader that no training uses.
    ``repeated``: the same input again and again. ``inside``: within a step, after its first
    forward pass of training.
    """

    model: str
    step: int
    update: int
    forwards: int
    rows: int
    training: int
    noisy: int
    noise: list[str]
    graphs: int
    losses: int
    own_loader: bool
    repeated: bool
    inside: bool
    place: Place | None


class Curve(TypedDict):
    """The mean loss of each evaluation from one line; ``accuracy`` where it could be computed."""

    function: str
    place: Place | None
    rows: int
    values: list[list[float]]
    accuracy: list[list[float]]


class Validation(TypedDict):
    """``seen``: evaluations in all, of which ``evaluations`` keeps at most 256, evenly spread."""

    seen: int
    evaluations: list[Evaluation]
    curves: list[Curve]
