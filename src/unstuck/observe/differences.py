"""The targets of a loss written by hand: what was predicted minus the difference that autograd kept."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from unstuck.observe import graph
from unstuck.observe.saved import saved

_REDUCING = ("Mean", "Sum", "Div", "Mul", "Sqrt", "Add", "Neg", "View", "Squeeze")


@dataclass(frozen=True)
class Output:
    """What an outermost module gave: a copy of its values, and the operations that made them."""

    values: Tensor
    chain: list[str]


@dataclass(frozen=True)
class Difference:
    """``targets`` of a squared or absolute difference from what was predicted."""

    function: str
    targets: Tensor


def difference(tensors: list[Tensor], output: Output) -> Difference | None:
    """The first ``(output - target) ** 2`` or ``.abs()`` near the loss; None if there is none.

    Only where one operand is data, and the other was made as the output was.
    """
    waiting: list[Any] = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    for _ in range(32):
        if not waiting:
            return None
        node = waiting.pop(0)
        edges = [following for following, _ in node.next_functions if following is not None]
        found = _difference(node, edges, output)
        if found is not None:
            return found
        if node.name().startswith(_REDUCING):
            waiting += edges
    return None


def _difference(node: Any, edges: list[Any], output: Output) -> Difference | None:
    name = node.name()
    if name == "PowBackward0" and getattr(node, "_saved_exponent", None) == 2:
        function = "squared difference"
    elif name == "AbsBackward0":
        function = "absolute difference"
    else:
        return None
    if len(edges) != 1 or not edges[0].name().startswith(("Sub", "Rsub")):
        return None
    operands = [following for following, _ in edges[0].next_functions]
    if len(operands) != 2 or sum(operand is not None for operand in operands) != 1:
        return None
    sign = 1 if operands[0] is not None else -1
    kept = saved(node, "self")
    if kept is None or kept.numel() != output.values.numel():
        return None
    if graph.chain_from(operands[0] or operands[1])[0] != output.chain:
        return None
    return Difference(function, output.values.reshape(kept.shape) - sign * kept)
