"""Tensors that autograd kept for the backward pass, read only where no hook would notice.

``node._raw_saved_*`` tells whether an unpack hook (activation checkpointing, ``save_on_cpu``) stands
before the tensor; if so it is left alone, because reading it would run the forward again.
"""

from typing import Any

from torch import Tensor

# (node, the tensor it keeps of its input, which edge the input comes from)
_LAYERS = {
    "AddmmBackward0": ("mat1", 1),
    "MmBackward0": ("self", 0),
    "ConvolutionBackward0": ("input", 0),
    "MkldnnRnnLayerBackward0": ("input", 0),
    "CudnnRnnBackward0": ("input", 0),
    "LinearBackward0": ("input", 0),
}
_LIMIT = 50_000


def saved(node: Any, name: str) -> Tensor | None:
    """The tensor, None if the node keeps none, has let it go, or a hook stands before it."""
    kept = getattr(node, f"_raw_saved_{name}", None)
    if kept is None or getattr(kept, "unpack_hook", kept) is not None:
        return None
    tensor = kept.data
    return tensor.detach() if isinstance(tensor, Tensor) else None


def data_layers(tensors: list[Tensor]) -> tuple[list[tuple[str, Tensor, Tensor]], int]:
    """(node, its weight, what reached it) of each layer fed by data alone, and how many hide theirs.

    A concatenation counts as data if one of its parts does: numbers beside embeddings.
    """
    found: list[tuple[str, Tensor, Tensor]] = []
    hidden = 0
    waiting: list[Any] = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    seen = set(waiting)
    while waiting and len(seen) < _LIMIT:
        node = waiting.pop()
        edges = [following for following, _ in node.next_functions]
        kept = _LAYERS.get(node.name())
        if kept is not None and len(edges) > kept[1] and _is_data(edges[kept[1]]):
            value = saved(node, kept[0])
            weight = _weight(edges[kept[1] + 1 :] or edges[:1])
            if value is None:
                hidden += 1
            elif weight is not None:
                found.append((node.name(), weight, value))
        for following in edges:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return found, hidden


def _is_data(edge: Any) -> bool:
    if edge is None:
        return True
    if edge.name() != "CatBackward0":
        return False
    return any(following is None for following, _ in edge.next_functions)


def _weight(edges: list[Any]) -> Tensor | None:
    """The first parameter behind these edges, through a transpose or a cast."""
    for edge in edges:
        node = edge
        for _ in range(4):
            if node is None:
                break
            variable = getattr(node, "variable", None)
            if isinstance(variable, Tensor):
                return variable
            following = node.next_functions
            node = following[0][0] if len(following) == 1 else None
    return None
