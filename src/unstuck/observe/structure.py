"""The layers that really ran, read off the autograd graph: what feeds what, and through what.

Only names, shapes and edges; saved tensors are touched in one place (a dropout mask, on the CPU) and
only where no saved-tensor hook was seen.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from unstuck.observe import graph, locate
from unstuck.observe.session import Session
from unstuck.records.finding import Place

_NODES = 20_000
# More layers than this feed one another only in dense nets; the nearest are kept.
_FEEDERS = 4
_SOURCES_OF_WEIGHT = 12

_PRODUCTS = ("Addmm", "Mm", "Bmm", "Baddbmm", "Convolution", "Linear", "MkldnnLinear")
_FUSED = ("MkldnnRnn", "CudnnRnn", "MiopenRnn", "ThnnFused")
_BATCH_NORMS = ("NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm")
_NORMS = (*_BATCH_NORMS, "NativeLayerNorm", "NativeGroupNorm", "FusedRmsNorm", "RmsNorm", "Rsqrt")
_LINEAR_POOLS = ("AvgPool", "AdaptiveAvgPool")
_SCALING = ("MulBackward", "DivBackward", "AddBackward", "SubBackward")
# Between a model's output and the number it is judged by.
_OF_LOSSES = ("LogSoftmax", "NllLoss", "MseLoss", "BinaryCrossEntropy", "L1Loss", "Smooth", "Huber")


@dataclass(frozen=True)
class Named:
    """A parameter: the layer's name as the person would say it, its class, its line."""

    layer: str
    kind: str
    place: Place | None


@dataclass
class LayerNode:
    """One use of a weight."""

    node: Any
    weight: Tensor
    named: Named
    inputs: int
    outputs: int
    kernel: list[int]
    groups: int
    sources: list[Any]
    depth: int = 0
    normalised: bool = False
    feeders: dict[str, frozenset[str]] = field(default_factory=dict)
    straight: str | None = None


@dataclass
class FunctionNode:
    """One use of a non-linearity; ``layer`` is what feeds it."""

    node: Any
    kind: str
    layer: LayerNode | None
    gate: bool
    output: bool


@dataclass
class DropoutNode:
    """One use of dropout, with the layer it follows."""

    rate: float
    layer: str
    output: bool


@dataclass
class Structure:
    """What one walk found. It lives as long as the walk: it holds the script's graph."""

    layers: list[LayerNode] = field(default_factory=list)
    functions: list[FunctionNode] = field(default_factory=list)
    dropouts: list[DropoutNode] = field(default_factory=list)
    tied: set[str] = field(default_factory=set)
    normalised: bool = False
    opaque: bool = False


FUNCTIONS = {
    "ReluBackward0": "ReLU",
    "ClampMinBackward0": "ReLU",
    "LeakyReluBackward0": "leaky ReLU",
    "EluBackward0": "ELU",
    "GeluBackward0": "GELU",
    "SiluBackward0": "SiLU",
    "MishBackward0": "Mish",
    "SoftplusBackward0": "softplus",
    "HardtanhBackward0": "hard tanh",
    "SigmoidBackward0": "sigmoid",
    "TanhBackward0": "tanh",
}
"""Non-linearities by their node's name."""


def of(walk: graph.Walk, session: Session) -> Structure | None:
    """The structure of this walk, read once; None for a graph too large or of second order."""
    if walk.structure is None and walk.nodes < _NODES:
        walk.structure = _Reader(walk, names(session)).read()
    found: Structure | None = walk.structure
    return found


def names(session: Session) -> dict[int, Named]:
    """Every known parameter by its identity, at this moment."""
    known: dict[int, Named] = {}
    for root in session.roots:
        module = root.module
        if module is None:
            continue
        for prefix, owner in module.named_modules():
            for name, parameter in owner.named_parameters(prefix, recurse=False):
                if id(parameter) not in known:
                    full = f"{root.name}.{name}"
                    known[id(parameter)] = Named(
                        _layer(full), type(owner).__name__, _place(module, name) or root.place
                    )
    for leaf in session.leaves.values():
        tensor = leaf.tensor
        if tensor is not None and id(tensor) not in known:
            known[id(tensor)] = Named(_layer(leaf.name), "parameter", leaf.place)
    return known


# By identity: a module may define equality.
_PLACES = WeakIdKeyDictionary()


def _place(module: nn.Module, name: str) -> Place | None:
    if module not in _PLACES:
        _PLACES[module] = {}
    places: dict[str, Place | None] = _PLACES[module]
    attribute = name.partition(".")[0]
    if attribute not in places:
        places[attribute] = locate.assignment(module, attribute)
    return places[attribute]


def _layer(parameter: str) -> str:
    parameter = parameter.replace(".parametrizations.", ".").removesuffix(".original")
    for ending in (".original0", ".original1", ".weight", ".bias", ".weight_v", ".weight_g"):
        parameter = parameter.removesuffix(ending)
    return parameter


class _Reader:
    """Reads one graph; its dictionaries are keyed by nodes, which live no longer than it does."""

    def __init__(self, walk: graph.Walk, known: dict[int, Named]) -> None:
        self._walk = walk
        self._known = known
        self._order: list[Any] = []
        self._consumers: dict[Any, list[Any]] = {}
        self._layers: dict[Any, LayerNode] = {}
        self._found = Structure(opaque=bool(walk.opaque))

    def read(self) -> Structure | None:
        self._sort()
        stems = {node.name() for node in self._order}
        if any("BackwardBackward" in name for name in stems):
            return None
        self._found.normalised = any(name.startswith(_NORMS) for name in stems)
        for node in self._order:
            self._note(node)
        outputs = self._before_any_layer()
        self._connect()
        for node in self._order:
            name = node.name()
            if name in FUNCTIONS:
                self._add_function(node, FUNCTIONS[name], node in outputs)
        return self._found

    def _sort(self) -> None:
        """Every node after all that it is made from."""
        done: set[Any] = set()
        stack: list[tuple[Any, bool]] = [(node, False) for node in self._walk.roots]
        while stack:
            node, ready = stack.pop()
            if ready:
                self._order.append(node)
                continue
            if node in done:
                continue
            done.add(node)
            stack.append((node, True))
            for source in _sources(node):
                self._consumers.setdefault(source, []).append(node)
                if source not in done:
                    stack.append((source, False))

    def _note(self, node: Any) -> None:
        name = node.name()
        if name.startswith("Embedding"):
            table = _weight_behind(node.next_functions[0][0])
            if table is not None and id(table) in self._known:
                self._found.tied.add(self._known[id(table)].layer)
        layer = self._layer_of(node, name)
        if layer is not None:
            self._layers[node] = layer
            self._found.layers.append(layer)

    def _layer_of(self, node: Any, name: str) -> LayerNode | None:
        following = [source for source, _ in node.next_functions]
        if name.startswith("Convolution"):
            return self._convolution(node, following)
        if name.startswith(("Linear", "MkldnnLinear")):
            return self._product(node, following, [1])
        if name.startswith(_PRODUCTS):
            last = len(following) - 1
            return self._product(node, following, [last, last - 1])
        if name.startswith(_FUSED):
            weights = (_weight_behind(each) for each in following[1:])
            weight = next((w for w in weights if w is not None and w.dim() == 2), None)
            return self._make(node, weight, weight.shape[::-1] if weight is not None else (), [0])
        return None

    def _convolution(self, node: Any, following: list[Any]) -> LayerNode | None:
        weight = _weight_behind(following[1])
        if weight is None or weight.dim() < 3:
            return None
        groups = int(node._saved_groups)
        first, second = weight.shape[0], weight.shape[1]
        shape = (first, second * groups) if node._saved_transposed else (second * groups, first)
        layer = self._make(node, weight, shape, [0])
        if layer is not None:
            layer.groups, layer.kernel = groups, list(weight.shape[2:])
        return layer

    def _product(self, node: Any, following: list[Any], sides: list[int]) -> LayerNode | None:
        for side in sides:
            weight = _weight_behind(following[side])
            if weight is None or weight.dim() < 2:
                continue
            first, second = _shape(following[side])[-2:]
            others = [place for place in range(len(following)) if place != side]
            # The bias is no input.
            data = [place for place in others if not _is_leaf(following[place])]
            if node.name().startswith("Linear"):
                first, second = weight.shape[-1], weight.shape[-2]
            elif side == 0 or (len(following) == 3 and side == 1):
                first, second = second, first
            return self._make(node, weight, (first, second), data)
        return None

    def _make(
        self, node: Any, weight: Tensor | None, shape: Any, inputs: list[int]
    ) -> LayerNode | None:
        if weight is None or id(weight) not in self._known or len(shape) != 2:
            return None
        sources = [node.next_functions[place][0] for place in inputs]
        return LayerNode(
            node=node,
            weight=weight,
            named=self._known[id(weight)],
            inputs=int(shape[0]),
            outputs=int(shape[1]),
            kernel=[],
            groups=1,
            sources=[source for source in sources if source is not None],
        )

    def _before_any_layer(self) -> set[Any]:
        """The nodes between the loss and the last layers."""
        seen: set[Any] = set()
        waiting = list(self._walk.roots)
        while waiting:
            node = waiting.pop()
            if node in seen or node in self._layers:
                continue
            seen.add(node)
            waiting += _sources(node)
        return seen

    def _connect(self) -> None:
        """Depths, and the nearest layers behind each node with the operations in between."""
        depths: dict[Any, int] = {}
        behind: dict[Any, dict[str, frozenset[str]]] = {}
        self._deepest: dict[str, LayerNode] = {}
        for node in self._order:
            layer = self._layers.get(node)
            sources = layer.sources if layer else _sources(node)
            merged: dict[str, frozenset[str]] = {}
            for source in sources:
                for name, operations in behind.get(source, {}).items():
                    merged[name] = merged.get(name, frozenset()) | operations
            depths[node] = max((depths.get(source, 0) for source in sources), default=0)
            if layer is not None:
                depths[node] += 1
                layer.depth = depths[node]
                layer.feeders = merged
                layer.straight = self._straight(layer)
                layer.normalised = self._is_normalised(node)
                self._deepest[layer.named.layer] = layer
                behind[node] = {layer.named.layer: frozenset()}
                continue
            behind[node] = self._passed_on(node, merged)
        self._behind = behind

    def _passed_on(self, node: Any, merged: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        name = node.name()
        if name.startswith("Mul"):
            self._note_dropout(node, merged)
        elif name.startswith("NativeDropout"):
            self._note_dropout(node, merged, rate=float(node._saved_p))
        if len(merged) > _FEEDERS:
            kept = sorted(merged, key=lambda each: -self._deepest[each].depth)[:_FEEDERS]
            merged = {each: merged[each] for each in kept}
        if name in graph.TRANSPARENT or name.endswith("AccumulateGrad"):
            return merged
        word = name.partition("Backward")[0]
        return {each: operations | {word} for each, operations in merged.items()}

    def _straight(self, layer: LayerNode) -> str | None:
        """The one layer of which this layer's input is a linear function, if there is one."""
        if len(layer.sources) != 1:
            return None
        node: Any = layer.sources[0]
        while node not in self._layers:
            node = self._linear_source(node)
            if node is None:
                return None
        if node.name().startswith(_FUSED):  # its own non-linearities are inside
            return None
        return self._layers[node].named.layer

    def _linear_source(self, node: Any) -> Any:
        name = node.name()
        sources = [each for each in _sources(node) if not each.name().endswith("AccumulateGrad")]
        if len(sources) != 1:
            return None
        if name in graph.TRANSPARENT or name.startswith((*_BATCH_NORMS, *_LINEAR_POOLS)):
            return sources[0]
        if not name.startswith(_SCALING):
            return None
        # Two ways back to the same node (x * x) are no scaling; a mask made of x is none either.
        if sum(each is not None for each, _ in node.next_functions) == 2 or not name.startswith(
            ("Mul", "Div")
        ):
            return sources[0] if len(_sources(node)) == len(set(_sources(node))) else None
        return sources[0] if self._factor(node) is not None else None

    def _factor(self, node: Any) -> float | None:
        """The one number, other than zero, that a product multiplies by; None if not just one."""
        factor = self._saved(node, "other")
        if factor is None or factor.device.type != "cpu" or factor.dtype == torch.bool:
            return None
        if factor.numel() == 1:
            return 1.0
        values = _sample(factor)
        largest = float(values.max())
        two = bool(((values == 0) | (values == largest)).all())
        # A mask written by hand holds 0 and 1; dropout scales what it keeps.
        return largest if two and largest > 1 else None

    def _saved(self, node: Any, name: str) -> Tensor | None:
        return saved(node, name) if self._walk.readable else None

    def _note_dropout(
        self, node: Any, merged: dict[str, frozenset[str]], rate: float | None = None
    ) -> None:
        if rate is None:
            if len(_sources(node)) != 1:
                return
            factor = self._factor(node)
            other = self._saved(node, "other")
            if factor is None or other is None or other.numel() == 1:
                return
            rate = 1 - 1 / factor
        if rate > 0:
            layer = max(merged, key=lambda each: self._deepest[each].depth, default="")
            self._found.dropouts.append(DropoutNode(rate, layer, self._is_output(node)))

    def _is_output(self, node: Any) -> bool:
        """Whether only a loss function comes after a node."""
        for _ in range(10):
            consumers = self._consumers.get(node, [])
            if not consumers:
                return True
            if len(consumers) > 1:
                return False
            node = consumers[0]
            if node.name().startswith(_OF_LOSSES):
                return True
            if node.name() not in graph.TRANSPARENT:
                return False
        return False

    def _is_normalised(self, node: Any) -> bool:
        for _ in range(4):
            consumers = self._consumers.get(node, [])
            if len(consumers) != 1:
                return False
            node = consumers[0]
            if node.name().startswith(_NORMS):
                return True
            if node.name() not in graph.TRANSPARENT:
                return False
        return False

    def _add_function(self, node: Any, kind: str, output: bool) -> None:
        if node.name().startswith("ClampMin") and getattr(node, "_saved_min", None) != 0:
            return
        behind = self._behind[node]
        nearest = max((self._deepest[each] for each in behind), key=_depth, default=None)
        self._found.functions.append(FunctionNode(node, kind, nearest, self._is_gate(node), output))

    def _is_gate(self, node: Any) -> bool:
        """Whether the result multiplies something that is learned as well."""
        waiting, far = [node], 0
        while waiting and far < 8:
            far += 1
            for consumer in self._consumers.get(waiting.pop(0), []):
                if consumer.name().startswith("Mul") and len(_sources(consumer)) > 1:
                    return True
                if consumer.name() in graph.TRANSPARENT or consumer.name().startswith("Rsub"):
                    waiting.append(consumer)
        return False


def _depth(layer: LayerNode) -> int:
    return layer.depth


def saved(node: Any, name: str) -> Tensor | None:
    """A tensor that the node saved; None if there is none, or a hook of its own would run."""
    raw = getattr(node, f"_raw_saved_{name}", None)
    if raw is None or getattr(raw, "unpack_hook", None) is not None:
        return None
    try:
        tensor = getattr(node, f"_saved_{name}")
    except RuntimeError:  # freed, or changed in place since
        return None
    if type(tensor) not in (Tensor, nn.Parameter) or tensor.device.type == "meta":
        return None
    detached: Tensor = tensor.detach()
    return detached


def _sources(node: Any) -> list[Any]:
    return [source for source, _ in node.next_functions if source is not None]


def _is_leaf(node: Any) -> bool:
    """Whether a node is a parameter, or a bias handed on as it is."""
    return node is not None and node.name().endswith("AccumulateGrad")


def _shape(node: Any) -> list[int]:
    if node.name().endswith("AccumulateGrad"):
        return list(node.variable.shape)
    return [int(size) for size in node._input_metadata[0].shape]


def _weight_behind(node: Any) -> Tensor | None:
    """The largest parameter that an operand is made of; None if anything else is in it.

    Weights come transposed, cast, normalised, or as a sum of products (weight_norm, LoRA).
    """
    found: Tensor | None = None
    waiting = [node] if node is not None else []
    for _ in range(_SOURCES_OF_WEIGHT):
        if not waiting:
            return found
        each = waiting.pop()
        name = each.name()
        if name.endswith("AccumulateGrad"):
            variable: Tensor = each.variable
            if found is None or variable.numel() > found.numel():
                found = variable
            continue
        sources = _sources(each)
        product = name.startswith(("Mm", "Bmm")) and len(sources) == 2
        other = name.startswith((*_PRODUCTS, *_FUSED, "Embedding")) or name in FUNCTIONS
        if not sources or (other and not product):
            return None
        waiting += sources
    return None


def _sample(values: Tensor) -> Tensor:
    """At most 4096 of the values, spread over all."""
    flat = values.reshape(-1)
    return flat[:: (len(flat) // 4096) | 1][:8192]
