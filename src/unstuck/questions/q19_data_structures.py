"""Which data structures does deep learning use?

## Answer
Chiefly two: the tensor (a strided array; a matrix is one of rank 2) and the
computational graph recorded for automatic differentiation. Tensors matter for cost: a
number takes 4 bytes in a float32 tensor and 32 in a Python list of floats, and a dot
product of 300,000 numbers was hundreds of times faster. Transposes and basic slices are
views that share storage; indexing by a list or a mask copies; contiguous() copies if
needed. The graph grows linearly with depth (5 nodes for each Linear with ReLU), keeps
tensors for the backward pass and then frees them, so a second backward raised an error.
Also used: sparse formats (a 5000 x 5000 matrix with 20,000 entries took 0.28 MB in CSR,
100 MB dense), ragged tensors, hash maps (state_dict, vocabularies), queues
(prefetching), trees of tensors, key-value caches. Data frames and lists belong around
training, not inside the computation.

## Popular claims
- "computational graphs, tensors, matrices": right. A matrix is a tensor of rank 2.
- "data frames": only if used around training; they are not differentiable, and text
  cells cannot become a tensor.
- "lists": only if used as containers (ModuleList, examples to collate), not for the
  numbers.
- "the five named are the list": incomplete. Sparse and ragged formats, hash maps,
  queues, trees and caches are missing.

## Watch for it
Memory that grows as losses (with a grad_fn) are stored, most if no backward pass freed
what their graphs keep. Or parameters() is too short: submodules sit in a plain list.

## Remedy
Store loss.item() or loss.detach(), use ModuleList, build tensors once. Memory then
stays level from step to step, and the parameter count is complete.

## Sources
- Baydin et al. 2018, *Automatic Differentiation in Machine Learning: a Survey*
- Paszke et al. 2019, *PyTorch: An Imperative Style, High-Performance Deep Learning
  Library*
"""

import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn

from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._run import missing
from unstuck.questions._timing import seconds

DEPTHS = range(1, 9)
"""Hidden layers of the nets whose graphs are counted."""

NUMBERS, SIDE, ENTRIES = 300_000, 5000, 20_000
BATCH, INPUTS, CLASSES, LOSSES = 32, 64, 10, 10

A_LIST = "a list of what is in use: an example shows an entry, and refutes none"

PREDICTIONS = (
    Prediction(
        "nets of 1 to 8 hidden layers: largest distance of their graph nodes from 6 + 5 a layer",
        "nodes_off_line", 0, 0, claim=1, limit=A_LIST,
    ),
    Prediction(
        "transpose, slice and row of a matrix: share of them that lie in its storage",
        "views", 1, 1, claim=1, limit=A_LIST, share=True,
    ),
    Prediction(
        "rows of it by a list and by a mask: share of them that lie in its storage",
        "indexed", 0, 0, claim=1, limit=A_LIST, share=True,
    ),
    Prediction(
        "rows of numbers and words, as lists and as an object array (in place of a data frame): "
        "share of attempts to make them a tensor that fail",
        "text_fails", 1, 1, claim=2, share=True,
    ),
    Prediction(
        "rows of whole numbers, fractions and truth values, as lists: share that fail",
        "mixed_fails", 0, 0, claim=2, share=True,
    ),
    Prediction(
        "a number whose gradient is wanted: share of attempts to put it in an array that fail",
        "array_fails", 1, 1, claim=2, share=True,
    ),
    Prediction(
        "bytes of a number in a list of floats, by those in a float32 tensor",
        "list_bytes", low=6, claim=3,
    ),
    Prediction(
        "dot product of 300,000 numbers: time with tensors as a share of that with lists",
        "tensor_time", high=0.1, claim=3,
    ),
    Prediction(
        "layers in a plain list: share of their parameters that the model knows",
        "plain_list", 0, 0, claim=3, share=True,
    ),
    Prediction("the same layers in a ModuleList", "module_list", 1, 1, claim=3, share=True),
    Prediction(
        "5000 x 5000 with 20,000 entries: bytes in CSR, by those of the dense tensor",
        "csr_bytes", high=0.01, claim=4, limit=A_LIST,
    ),
    Prediction(
        "the same, times a vector: largest difference from the dense product, relative",
        "csr_gap", high=1e-4, claim=4, limit=A_LIST,
    ),
    Prediction(
        "1 to 8 hidden layers: how unevenly bytes kept for the backward pass grow, relative",
        "kept_off_line", 0, 0,
    ),
    Prediction("tensors that the graph still keeps after the backward pass", "kept_after", 0, 0),
    Prediction(
        "share of second backward passes that raise an error",
        "second_fails", 1, 1, share=True,
    ),
    Prediction(
        "10 losses without a backward pass, stored: tensors that their graphs keep, by those of one",
        "stored_losses", 10, 10,
    ),
    Prediction("the same, stored after a backward pass each", "stored_after", 0, 0),
    Prediction("the same, stored by .item()", "stored_items", 0, 0),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Counts of graphs, storages and bytes, and one timing: nets and numbers are drawn by the seed."""
    seen: dict[str, list[float]] = {}
    for seed in lab.track(lab.seeds, "graphs, views, lists and sparse matrices"):
        torch.manual_seed(seed)
        for name, number in (_graphs() | _containers() | _sparse()).items():
            seen.setdefault(name, []).append(float(number))
    torch.manual_seed(lab.seeds[0])
    return Measured(seen, drawn(mlp([INPUTS, 16, CLASSES])))


def picture(series: dict[str, Any]) -> Any:
    """The graph that the loss of a small net recorded: gradients flow from the loss to the parameters."""
    import altair as alt

    from unstuck.charts import LINE, MARK, OTHER, TEXT, WASH, rows

    bottom = max(each["y"] for each in series["nodes"]) + 0.5
    x = alt.X("x:Q", scale=alt.Scale(domain=[-0.35, 3.45], nice=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[bottom, -1], nice=False), axis=None)
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=["operation", "parameter"], range=[LINE, OTHER]),
        legend=alt.Legend(symbolType="square", symbolStrokeWidth=2),
    )
    lines = alt.Chart(rows(series["edges"])).mark_rule(color=TEXT, aria=False)
    boxes = (
        alt.Chart(rows([each | _corners(each) for each in series["nodes"]]))
        .mark_rect(fill=WASH, strokeWidth=1.5, cornerRadius=4, aria=False)
        .encode(
            x=alt.X("left:Q", axis=None),
            x2="right:Q",
            y=alt.Y("top:Q", axis=None),
            y2="low:Q",
            stroke=colour,
        )
    )
    heads = [
        {"x": 0, "y": -0.75, "detail": "forward tensors"},
        {"x": 1, "y": -0.75, "detail": "their graph"},
    ]
    texts = alt.Chart(rows(series["nodes"] + series["tensors"])).encode(x=x, y=y)
    names = texts.mark_text(dy=-7, fontSize=12, color=MARK, aria=False)
    details = texts.mark_text(dy=7, fontSize=11, color=TEXT, aria=False)
    above = alt.Chart(rows(heads)).mark_text(fontSize=12, color=TEXT, aria=False)
    layers = [
        lines.encode(x=x, y=y, x2="x2:Q", y2="y2:Q"),
        boxes,
        names.encode(text="name:N"),
        details.encode(text="detail:N"),
        above.encode(x=x, y=y, text="detail:N"),
    ]
    return alt.layer(*layers).properties(width=620, height=340)


HALF = 0.43
"""Half the width of a box, whose columns are 1 apart."""


def _corners(node: dict[str, Any]) -> dict[str, float]:
    x, y = node["x"], node["y"]
    return {"left": x - HALF, "right": x + HALF, "top": y - 0.37, "low": y + 0.37}


def on(facts: Any) -> Iterator[str]:
    """The graph, the stored graphs and the parameters of the person's run."""
    if facts.graph is None:
        yield from missing(facts, "graph", "the graph of the loss was")
    elif facts.graph["nodes"]:
        text = f"the graph of the training loss has {facts.graph['nodes']} nodes"
        hidden = ", ".join(facts.graph["opaque"])
        yield text + (f", and more behind {hidden}" if hidden else "")
    counts = facts.kept_graphs["counts"] if facts.kept_graphs is not None else ()
    for last in counts[-1:]:
        yield (
            f"at step {last['step']}, the graphs of {last['alive']} of {last['marked']} earlier "
            "steps that were marked are still in memory"
        )
    known = [each for each in facts.parameters or () if each["kind"] != "unregistered"]
    unknown = [each for each in facts.parameters or () if each["kind"] == "unregistered"]
    if known:
        numbers = sum(each["numel"] for each in known)
        yield f"{len(known)} parameter tensors hold {numbers:,} numbers"
    if unknown:
        first = unknown[0]["name"]
        yield f"{len(unknown)} more are unknown to their model, the first {first}: no ModuleList"


class Kept:
    """Counts what graphs keep for their backward pass, as long as they keep it."""

    def __init__(self) -> None:
        self._kept: list[weakref.ref[_Box]] = []

    def _box(self, tensor: Tensor) -> "_Box":
        box = _Box(tensor.detach())  # an output would hold its own graph, a cycle
        self._kept.append(weakref.ref(box))
        return box

    def watching(self) -> Any:
        """A context: graphs built in it are counted."""
        return torch.autograd.graph.saved_tensors_hooks(self._box, lambda box: box.tensor)

    def tensors(self) -> list[Tensor]:
        """Those that are kept now."""
        return [box.tensor for each in self._kept if (box := each()) is not None]

    def bytes(self) -> int:
        """Of what is kept now."""
        return sum(tensor.nbytes for tensor in self.tensors())


class _Box:
    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


def mlp(widths: list[int]) -> nn.Sequential:
    """Linear layers of these widths, ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def count(loss: Tensor) -> int:
    """The nodes of its graph."""
    waiting, seen = [loss.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [each for each, _ in node.next_functions]
    return len(seen)


def _loss(net: nn.Module, rows: int = BATCH) -> Tensor:
    x = torch.randn(rows, INPUTS)
    return F.cross_entropy(net(x), torch.randint(CLASSES, (rows,)))


def _graphs() -> dict[str, float]:
    """Of nets of one random width: how graphs grow with depth, and how long they keep tensors."""
    width = int(torch.randint(8, 65, ()))
    nodes, sizes = [], []
    for depth in DEPTHS:
        kept = Kept()
        with kept.watching():
            loss = _loss(mlp([INPUTS, *[width] * depth, CLASSES]))
        nodes.append(count(loss))
        sizes.append(kept.bytes())
    torch.autograd.backward(loss)  # of the deepest
    steps = [after - before for before, after in pairwise(sizes)]
    return {
        "nodes_off_line": max(
            abs(seen - (6 + 5 * depth)) for depth, seen in zip(DEPTHS, nodes, strict=True)
        ),
        "kept_off_line": (max(steps) - min(steps)) / steps[0],
        "kept_after": len(kept.tensors()),
        "second_fails": fails(loss.backward, RuntimeError),
        "stored_losses": _stored(lambda loss: loss) / _stored(lambda loss: loss, losses=1),
        "stored_after": _stored(_differentiated),
        "stored_items": _stored(Tensor.item),
    }


def _differentiated(loss: Tensor) -> Tensor:
    torch.autograd.backward(loss)
    return loss


def _stored(store: Callable[[Tensor], Any], losses: int = LOSSES) -> int:
    """Tensors that graphs keep while a list holds what ``store`` makes of some losses."""
    net, kept = mlp([INPUTS, 16, CLASSES]), Kept()
    with kept.watching():
        history = [store(_loss(net)) for _ in range(losses)]
    found = len(kept.tensors())
    history.clear()
    return found


def fails(function: Callable[[], Any], error: type[Exception]) -> bool:
    """Whether it raises this error."""
    try:
        function()
    except error:
        return True
    return False


class _Layers(nn.Module):
    """Three layers in a list."""

    def __init__(self, kind: Callable[[list[nn.Module]], Any]) -> None:
        super().__init__()
        self.layers = kind([nn.Linear(INPUTS, INPUTS) for _ in range(3)])


def _containers() -> dict[str, float]:
    """Views, tables and lists against tensors."""
    matrix, numbers = torch.randn(30, 20), torch.randn(2, NUMBERS)
    views = [matrix.T, matrix[3:9, ::2], matrix[7]]
    indexed = [matrix[[3, 4, 5]], matrix[torch.arange(30) > 20]]
    home = matrix.untyped_storage().data_ptr()
    table = [[1.5, "a word"], [2.5, "another"]]
    texts = [
        fails(partial(torch.as_tensor, each), TypeError)
        for each in (table, np.array(table, dtype=object))
    ]
    wanted = torch.randn(3, requires_grad=True)
    lists: list[list[float]] = numbers.tolist()
    in_list = sys.getsizeof(lists[0]) + sum(map(sys.getsizeof, lists[0]))
    slow = seconds(lambda: sum(a * b for a, b in zip(*lists, strict=True)), times=3)
    return {
        "views": fmean(each.untyped_storage().data_ptr() == home for each in views),
        "indexed": fmean(each.untyped_storage().data_ptr() == home for each in indexed),
        "text_fails": fmean(texts),
        "mixed_fails": fails(lambda: torch.as_tensor([[1, 2.5, True]]), TypeError),
        "array_fails": fails(wanted.numpy, RuntimeError),
        "list_bytes": in_list / numbers[0].nbytes,
        "tensor_time": seconds(lambda: torch.dot(*numbers), times=30) / slow,
        "plain_list": _known(list),
        "module_list": _known(nn.ModuleList),
    }


def _known(kind: Callable[[list[nn.Module]], Any]) -> float:
    """Share of the parameters of three layers that a model finds which holds them in such a list."""
    model = _Layers(kind)
    there = sum(len(list(layer.parameters())) for layer in model.layers)
    return len(list(model.parameters())) / there


def _sparse() -> dict[str, float]:
    """A matrix of few entries, compressed by rows and dense."""
    dense = torch.zeros(SIDE, SIDE)
    dense.view(-1)[torch.randint(SIDE * SIDE, (ENTRIES,))] = torch.randn(ENTRIES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the format may still change
        rows = dense.to_sparse_csr()
    parts = rows.values(), rows.col_indices(), rows.crow_indices()
    vector = torch.randn(SIDE, 1)
    right = dense @ vector
    return {
        "csr_bytes": sum(part.nbytes for part in parts) / dense.nbytes,
        "csr_gap": float((rows @ vector - right).abs().max() / right.abs().max()),
    }


def drawn(net: nn.Sequential) -> dict[str, Any]:
    """The graph of one loss, read from its nodes: the way of the forward pass down, the rest beside it."""
    tensors = _forward(net)
    names = {id(each): name for name, each in net.named_parameters()}
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []

    def place(node: Any, x: int, y: int, before: tuple[int, int] | None) -> int:
        """Draw it and what it leads to; the first row that is free below."""
        if before is not None:
            beside = HALF * (x > before[0])  # from the side of one box to the side of the next
            edges.append({"x": before[0] + beside, "y": before[1], "x2": x - beside, "y2": y})
        nodes.append(_described(node, names) | {"x": x, "y": y})
        free = y + 1
        found = [each for each, _ in node.next_functions if each is not None]
        inner = [each for each in found if each in tensors]
        for row, each in enumerate(each for each in found if each not in tensors):
            free = max(free, place(each, x + 1, y + row, (x, y)))
        for each in inner:
            free = place(each, x, free, (x, y))
        return free

    place(next(iter(tensors)), 1, 0, None)
    heights = {each.pop("of"): each["y"] for each in nodes}
    beside = [
        {"x": 0, "y": heights[id(node)], "name": name, "detail": shape(tensor)}
        for node, (name, tensor) in tensors.items()
    ]
    return {"nodes": nodes, "edges": edges, "tensors": beside}


def _forward(net: nn.Sequential) -> dict[Any, tuple[str, Tensor]]:
    """What one pass computes, the loss first, by the node that made it."""
    first, act, second = net
    before = first(torch.randn(BATCH, INPUTS))
    hidden = act(before)
    logits = second(hidden)
    logs = F.log_softmax(logits, 1)
    loss = F.nll_loss(logs, torch.arange(BATCH) % CLASSES)
    found = {"loss": loss, "log p": logs, "logits": logits, "hidden": hidden, "before ReLU": before}
    return {tensor.grad_fn: (name, tensor) for name, tensor in found.items()}


def _described(node: Any, names: dict[int, str]) -> dict[str, Any]:
    variable = getattr(node, "variable", None)
    if variable is not None:
        text = f"{names[id(variable)]}, {shape(variable)}"
        return {"of": id(node), "kind": "parameter", "name": "AccumulateGrad", "detail": text}
    saved = [getattr(node, name) for name in dir(node) if name.startswith("_saved_")]
    kept = [shape(each) for each in saved if isinstance(each, Tensor) and each.dim()]
    text = f"keeps {' and '.join(kept)}" if kept else "keeps nothing"
    return {"of": id(node), "kind": "operation", "name": node.name(), "detail": text}


def shape(tensor: Tensor) -> str:
    """``32 x 10``, or ``one number``."""
    return " x ".join(map(str, tensor.shape)) or "one number"
