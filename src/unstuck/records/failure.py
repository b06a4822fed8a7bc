"""The family ``failure``: the flight recorder's account of the first number that was not finite."""

from typing import TypedDict


class Origin(TypedDict):
    """The first operation whose result was not finite, in the order of the forward pass.

    ``operation``: as a person calls it (``log``, ``linear layer``), ``node`` as autograd does;
    ``layer``: the layer nearest before it. ``given``: the operation received values that were not
    finite already, so that it is the model's own input (``operation`` is then the one that received
    it). ``minimum`` and ``maximum`` of the finite values that entered, None where they were not
    kept. ``rows`` of the batch with such a value, at most 20, of ``batch``; empty when it cannot be
    told or is all of them.
    """

    operation: str
    node: str
    layer: str
    given: bool
    minimum: float | None
    maximum: float | None
    rows: list[int]
    batch: int | None


class Failure(TypedDict):
    """``began``: ``weights`` (not finite before the step that was looked at), ``loss``, ``gradient``
    (the loss was finite, a gradient was not), or an empty string where nothing failed.

    ``broken`` and ``sound``: parameters (or gradients) that were not finite and that were, at most
    five each. ``suspects``: operations of the graph whose derivative is infinite somewhere.
    ``gradient_norms`` and ``weight_norms``: ``[step, norm]`` over all parameters of the optimizer, the
    newest 64 and before them a thinned series.
    """

    began: str
    step: int
    origin: Origin | None
    broken: list[str]
    broken_count: int
    sound: list[str]
    suspects: list[str]
    gradient_norms: list[list[float]]
    weight_norms: list[list[float]]
