"""Find the first operation that made a number that is not finite, in a graph that is still whole.

At the moment when a loss turns out to be NaN, before its backward pass, its autograd graph still holds
what the operations saved. Nothing is computed again: the saved tensors are looked at in the order of
the forward pass.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from unstuck.observe import graph
from unstuck.records.failure import Origin

_LIMIT = 20_000
_ROWS = 20
_WORDS = {
    "Addmm": "linear layer",
    "Mm": "linear layer",
    "Linear": "linear layer",
    "Bmm": "batched matrix product",
    "NativeBatchNorm": "batch norm",
    "CudnnBatchNorm": "batch norm",
    "NativeLayerNorm": "layer norm",
    "NllLoss": "cross-entropy",
    "LogSoftmax": "log-softmax",
    "MseLoss": "squared error",
    "L1Loss": "absolute error",
    "BinaryCrossEntropy": "binary cross-entropy",
    "Pow": "power",
    "Sqrt": "square root",
    "Rsqrt": "reciprocal square root",
    "Div": "division",
    "Mul": "product",
    "Add": "sum",
    "Sub": "difference",
    "LinalgVectorNorm": "norm",
}
# Operations that save what they receive, not what they give: where their result is not finite.
_POLES: dict[str, Callable[[dict[str, Tensor]], Tensor]] = {
    "Log": lambda kept: kept["self"] <= 0,
    "Log2": lambda kept: kept["self"] <= 0,
    "Log10": lambda kept: kept["self"] <= 0,
    "Log1P": lambda kept: kept["self"] <= -1,
    "Acos": lambda kept: kept["self"].abs() > 1,
    "Asin": lambda kept: kept["self"].abs() > 1,
    "Div": lambda kept: kept["other"] == 0,
    "Pow": lambda kept: ~torch.isfinite(torch.pow(kept["self"], kept.get("exponent", 1.0))),
    "Mul": lambda kept: ~torch.isfinite(kept["self"] * kept["other"]),
    "Square": lambda kept: ~torch.isfinite(kept["self"] ** 2),
    "MseLoss": lambda kept: ~torch.isfinite((kept["self"] - kept["target"]) ** 2),
}
# Operations whose derivative is infinite or undefined at some finite value.
_STEEP = frozenset(
    "Sqrt Rsqrt Log Div Reciprocal Pow Acos Asin Atan2 Norm LinalgVectorNorm Std Var Cdist "
    "EuclideanDist Where".split()
)


def first_nonfinite(tensor: Tensor, name_of: Callable[[Tensor], str]) -> Origin | None:
    """Where the first value that is not finite arose; None where the graph does not show it.

    Args:
        tensor: the loss, before its backward pass.
        name_of: the name of the layer of a parameter; empty for a stranger.
    """
    nodes = _in_forward_order(tensor.grad_fn)
    batch = _batch(nodes)
    for node in nodes:
        kept = _kept(node)
        entered = {key: value for key, value in kept.items() if not _is_result(key)}
        broken = [value for value in entered.values() if not _is_finite(value)]
        if broken:
            return _received(node, broken[0], name_of, batch)
        made = [value for key, value in kept.items() if _is_result(key) and not _is_finite(value)]
        if made:
            return _origin(node, entered, ~torch.isfinite(made[0]), name_of, batch)
        pole = _pole(node, entered)
        if pole is not None and bool(pole.any()):
            return _origin(node, entered, pole, name_of, batch)
    return None


def suspects(tensor: Tensor, sound: list[Tensor]) -> list[str]:
    """Operations with an infinite derivative somewhere that lie before no sound parameter.

    A gradient that is not finite spreads to everything before it; where it still is, the operation
    lies further on the way back. Nearest the loss first, at most three.
    """
    nodes = _in_forward_order(tensor.grad_fn)
    kept = {id(parameter) for parameter in sound}
    behind: dict[Any, bool] = {}
    for node in nodes:
        variable = getattr(node, "variable", None)
        above = any(behind.get(n, False) for n, _ in node.next_functions if n is not None)
        behind[node] = above or (variable is not None and id(variable) in kept)
    found = [_word(node) for node in reversed(nodes) if not behind[node] and _is_steep(node)]
    return list(dict.fromkeys(found))[:3]


def _is_steep(node: Any) -> bool:
    return _stem(node.name()) in _STEEP or _stem(node.name()).startswith("Linalg")


def _in_forward_order(root: Any) -> list[Any]:
    """The nodes behind the root, each after all that it depends on."""
    order: list[Any] = []
    seen: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(root, False)] if root is not None else []
    while stack and len(seen) < _LIMIT:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(n, False) for n, _ in node.next_functions if n is not None and n not in seen]
    return order


def _kept(node: Any) -> dict[str, Tensor]:
    """The floating tensors that a node saved, by name; empty for opaque nodes."""
    if graph.is_opaque(node.name()):
        return {}
    return dict(_saved(node))


def _saved(node: Any) -> Iterator[tuple[str, Tensor]]:
    for name in dir(node):
        if not name.startswith("_saved_"):
            continue
        try:
            value = getattr(node, name)
        except RuntimeError:  # freed, or written over in place
            continue
        if type(value) is Tensor and value.is_floating_point() and value.numel():
            yield name.removeprefix("_saved_"), value.detach()


def _is_result(key: str) -> bool:
    return key.startswith(("result", "output", "out"))


def _is_finite(value: Tensor) -> bool:
    return bool(torch.isfinite(value).all())


def _pole(node: Any, entered: dict[str, Tensor]) -> Tensor | None:
    pole = _POLES.get(_stem(node.name()))
    try:
        return pole(entered) if pole is not None else None
    except (KeyError, RuntimeError):  # this variant of the operation saves something else
        return None


def _received(node: Any, value: Tensor, name_of: Callable[[Tensor], str], batch: int) -> Origin:
    """The value came from an operation that saves nothing, or from outside."""
    broken = ~torch.isfinite(value)
    maker = next((n for n in _makers(node) if _numel(n) == value.numel()), None)
    if maker is None:
        return {**_origin(node, {"self": value}, broken, name_of, batch), "given": True}
    return _origin(maker, _kept(maker), broken, name_of, batch)


def _makers(node: Any) -> Iterator[Any]:
    """The operations before a node, past those that only move numbers about."""
    waiting = [n for n, _ in node.next_functions if n is not None]
    while waiting:
        each = waiting.pop(0)
        if graph.is_transparent(each.name()):
            waiting += [n for n, _ in each.next_functions if n is not None]
        elif not each.name().endswith("AccumulateGrad"):
            yield each


def _origin(
    node: Any,
    entered: dict[str, Tensor],
    broken: Tensor,
    name_of: Callable[[Tensor], str],
    batch: int,
) -> Origin:
    weights = {"weight", "mat2", "running_var", "running_mean", "bias"}
    values = [each for key, each in entered.items() if key not in weights]
    sound = [each[torch.isfinite(each)] for each in values]
    sound = [each for each in sound if each.numel()]
    rows: list[int] = []
    if broken.dim() and broken.shape[0] == batch > 1:
        hit = broken.reshape(batch, -1).any(1)
        rows = hit.nonzero().flatten().tolist() if not bool(hit.all()) else []
    return {
        "operation": _word(node),
        "node": node.name(),
        "layer": _layer(node, name_of),
        "given": False,
        "minimum": min((float(each.min()) for each in sound), default=None),
        "maximum": max((float(each.max()) for each in sound), default=None),
        "rows": rows[:_ROWS],
        "batch": batch or None,
    }


def _layer(node: Any, name_of: Callable[[Tensor], str]) -> str:
    """The layer of the nearest parameter behind a node."""
    waiting, seen = [node], {node}
    while waiting and len(seen) < 2000:
        each = waiting.pop(0)
        if each.name().endswith("AccumulateGrad"):
            name = name_of(each.variable)
            if name:
                return name
        fresh = [n for n, _ in each.next_functions if n is not None and n not in seen]
        seen.update(fresh)
        waiting += fresh
    return ""


def _batch(nodes: list[Any]) -> int:
    """The number of rows that most operations have; 0 if that is not clear."""
    sizes: dict[int, int] = {}
    for node in nodes:
        if node.name().endswith("AccumulateGrad") or graph.is_transparent(node.name()):
            continue
        shape = node._input_metadata[0].shape
        if len(shape):
            sizes[int(shape[0])] = sizes.get(int(shape[0]), 0) + 1
    return max(sizes, key=lambda size: sizes[size], default=0)


def _numel(node: Any) -> int:
    return int(torch.Size(node._input_metadata[0].shape).numel())


def _stem(name: str) -> str:
    return re.sub(r"Backward\d*$", "", name)


def _word(node: Any) -> str:
    stem = _stem(node.name())
    return _WORDS.get(stem, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem).lower())
