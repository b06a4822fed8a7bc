"""The family ``loss_calls``: every place that calls a loss function of ``torch.nn.functional``."""

from typing import TypedDict

from unstuck.records.finding import Place


class Input(TypedDict):
    """What the predictions given to a loss looked like, over the sampled calls.

    ``zero_share`` is the largest share of exact zeros; ``stochastic`` tells whether every sampled
    call had entries in [0, 1] that sum to 1 over the class dimension.
    """

    samples: int
    minimum: float
    maximum: float
    zero_share: float
    stochastic: bool


class Constant(TypedDict):
    """The loss of the best prediction that ignores the input, from the targets seen."""

    loss: float
    what: str
    targets: int


class Operation(TypedDict):
    """The operation that made the predictions: ``node`` as autograd names it, and the module."""

    node: str
    name: str
    place: Place | None


class LossCall(TypedDict):
    """One line that calls one loss function.

    ``chain`` names the operations from the predictions backwards, without those that only move
    numbers about (views, casts, dropout); ``opaque`` says that the chain could not be read.
    ``training`` is False for calls without gradients. Shapes are those of the first call;
    ``broadcast_*`` those of the first call whose shapes did not match.
    """

    function: str
    place: Place | None
    training: bool
    calls: int
    first_step: int
    values: list[list[float]]
    input_shape: list[int]
    target_shape: list[int]
    broadcast_calls: int
    broadcast_input: list[int]
    broadcast_target: list[int]
    broadcast_result: list[int]
    chain: list[str]
    opaque: bool
    operation: Operation | None
    input: Input | None
    constant: Constant | None
    moving_targets: bool


LossCalls = list[LossCall]
