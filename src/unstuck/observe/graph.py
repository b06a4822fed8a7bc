"""Read the autograd graph: names, edges and leaves; never a saved tensor.

Saved tensors are left alone because reading them runs unpack hooks, and under activation
checkpointing those run the forward again.
"""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

# Operations that hand numbers on without changing what they mean.
TRANSPARENT = frozenset(
    f"{name}Backward{version}"
    for version in (0, 1)
    for name in (
        "View UnsafeView Reshape ReshapeAlias Squeeze Unsqueeze Transpose Permute T Mt Clone Alias "
        "Contiguous ToCopy Slice Select Index IndexSelect Expand NativeDropout Split Unbind Narrow "
        "Movedim Swapaxes Diagonal Detach FusedDropout Repeat Gather Flatten Unflatten"
    ).split()
)
# Steps of which a loss written by hand is made.
_ELEMENTWISE = frozenset(
    f"{name}Backward{version}"
    for version in (0, 1)
    for name in (
        "Mean Sum Sub Rsub Add Mul Div Neg Pow Abs Square Sqrt Exp Log Log1P Clamp ClampMin Where "
        "Softplus LogSigmoid Sigmoid Relu Maximum Minimum Sign Huber Squeeze View ToCopy Clone"
    ).split()
)
_HIDING = ("Compiled", "Checkpoint", "Generated")
_LIMIT = 200_000


@dataclass
class Walk:
    """One pass over the graph behind a loss.

    ``broadcasts``: (prediction shape, result shape) of operations (N, 1) -> (N, N) between the
    model and a loss written by hand. ``before_log_softmax``: the operations that made the input of
    each log-softmax. ``roots``: where the walk began. ``readable``: no saved-tensor hooks were seen,
    so that saved tensors may be read. ``structure`` is filled by ``structure.of``, once for all probes.
    ``batch_norms``: the shapes that batch normalisations in training gave.
    """

    nodes: int = 0
    parameters: list[Tensor] = field(default_factory=list)
    opaque: set[str] = field(default_factory=set)
    broadcasts: list[tuple[list[int], list[int]]] = field(default_factory=list)
    before_log_softmax: set[str] = field(default_factory=set)
    roots: list[Any] = field(default_factory=list)
    readable: bool = False
    structure: Any = None
    batch_norms: list[list[int]] = field(default_factory=list)


def walk(tensors: list[Tensor]) -> Walk:
    """Visit every node behind the tensors once; stops at 200,000 nodes and then says so."""
    found = Walk()
    waiting = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    found.roots = list(waiting)
    found.parameters += [t for t in tensors if t.grad_fn is None and t.requires_grad]
    seen: set[Any] = set(waiting)
    while waiting and found.nodes < _LIMIT:
        node: Any = waiting.pop()
        found.nodes += 1
        name = node.name()
        if name.endswith("AccumulateGrad"):
            found.parameters.append(node.variable)
            continue
        if is_opaque(name):
            found.opaque.add(name)
        if "BatchNorm" in name and getattr(node, "_saved_training", True) is True:
            found.batch_norms.append(_shape(node))
        if name == "LogSoftmaxBackward0":
            found.before_log_softmax |= set(_names_back(node.next_functions[0][0], 1)[0])
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    if waiting:
        found.opaque.add("graph too large to walk")
    _note_broadcasts([tensor.grad_fn for tensor in tensors], found)
    return found


def is_opaque(name: str) -> bool:
    """Whether a node hides the operations behind it: compiled, checkpointed, or the person's own.

    torch's own nodes end in a number (``MulBackward0``); those of custom functions do not.
    """
    return name.startswith(_HIDING) or not (name[-1:].isdigit() or name.startswith("torch::"))


def is_transparent(name: str) -> bool:
    """Whether an operation only hands numbers on."""
    return name in TRANSPARENT


def chain(tensor: Tensor, limit: int = 6) -> tuple[list[str], bool]:
    """The operations that made a tensor, nearest first, and whether something hides more of them.

    Only while there is one way back; views, casts and dropout are left out.
    """
    return _names_back(tensor.grad_fn, limit)


def chain_from(node: Any, limit: int = 6) -> tuple[list[str], bool]:
    """The same, beginning with a node."""
    return _names_back(node, limit)


def _names_back(node: Any, limit: int) -> tuple[list[str], bool]:
    names: list[str] = []
    while node is not None and len(names) < limit:
        name = node.name()
        if name.endswith("AccumulateGrad"):
            return names, False
        if is_opaque(name):
            return names, True
        if not is_transparent(name):
            names.append(name)
        sources = [following for following, _ in node.next_functions if following is not None]
        if len(sources) != 1 and not (sources and name.startswith(("Addmm", "Convolution"))):
            return names, False
        node = sources[-1]
    return names, False


def _note_broadcasts(nodes: list[Any], found: Walk) -> None:
    """Operations near the loss that blew (N, 1) up to (N, N), by a shape and not on purpose.

    Only behind element-wise steps and means, so that products inside a network do not count; only
    where the other operand is data, so that losses over all pairs of outputs do not.
    """
    seen: set[Any] = set()
    waiting = [node for node in nodes if node is not None]
    while waiting and len(seen) < 1000:
        node = waiting.pop()
        if node in seen or node.name() not in _ELEMENTWISE:
            continue
        seen.add(node)
        sources = [following for following, _ in node.next_functions if following is not None]
        waiting += sources
        if len(sources) != 1 or not node.name().startswith(("Sub", "Mul", "Add", "Div")):
            continue
        name, before, result = sources[0].name(), _shape(sources[0]), _shape(node)
        blown = len(before) == 2 and before[1] == 1 < before[0] and result == [before[0]] * 2
        if blown and not name.startswith(("Unsqueeze", "torch::autograd")):
            found.broadcasts.append((before, result))


def _shape(node: Any) -> list[int]:
    """The shape of a node's first output."""
    return [int(size) for size in node._input_metadata[0].shape]
