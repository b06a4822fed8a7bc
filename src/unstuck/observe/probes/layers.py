"""The layers that ran, from the autograd graph of the training loss."""

from typing import Any

from torch import nn

from unstuck.observe import locate, structure
from unstuck.observe.graph import Walk
from unstuck.observe.session import Missing, Root, Session
from unstuck.records.layers import Dropout, Edge, Node
from unstuck.records.layers import Layers as Family

_KEPT = 300
_DROPOUTS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


class Layers:
    """Adds up what the looks found; a layer is known by its name."""

    family = "layers"
    session: Session

    def __init__(self) -> None:
        self._looks = 0
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str], Edge] = {}
        self._dropouts: dict[tuple[str, str], Dropout] = {}
        self._functions: set[str] = set()
        self._normalised = False
        self._opaque = False
        self._left_out: set[Any] = set()

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """The rates of the dropout modules, as they are set now."""
        if grad and self.session.looking:
            self._read_rates(root, module)

    def _read_rates(self, root: Root, module: nn.Module) -> None:
        for name, inner in module.named_modules():
            if isinstance(inner, _DROPOUTS) and inner.training and len(self._dropouts) < _KEPT:
                full = f"{root.name}.{name}" if name else root.name
                self._dropouts[full, ""] = {
                    "name": full,
                    "layer": "",
                    "rate": float(inner.p),
                    "output": False,
                    "place": (locate.assignment(module, name) if name else None) or root.place,
                }

    def walked(self, walk: Walk) -> None:
        """One graph."""
        found = structure.of(walk, self.session)
        if found is None:
            return
        self._looks += 1
        self._opaque = self._opaque or found.opaque
        self._normalised = self._normalised or found.normalised
        self._functions |= {function.kind for function in found.functions}
        uses: dict[str, int] = {}
        for layer in found.layers:
            name = layer.named.layer
            uses[name] = uses.get(name, 0) + 1
            self._keep_node(layer, found)
        for name in set(uses) & set(self._nodes):
            self._nodes[name]["uses"] = max(self._nodes[name]["uses"], uses[name])
        for layer in found.layers:
            self._keep_edges(layer)
        for each in found.dropouts:
            self._keep_dropout(each)

    def _keep_node(self, layer: structure.LayerNode, found: structure.Structure) -> None:
        name = layer.named.layer
        known = self._nodes.get(name)
        if known is not None:
            known["depth"] = max(known["depth"], layer.depth)
            known["normalised"] = known["normalised"] and layer.normalised
        elif len(self._nodes) >= _KEPT:
            self._left_out.add(name)
        else:
            self._nodes[name] = {
                "name": name,
                "kind": layer.named.kind,
                "inputs": layer.inputs,
                "outputs": layer.outputs,
                "kernel": layer.kernel,
                "groups": layer.groups,
                "depth": layer.depth,
                "uses": 1,
                "normalised": layer.normalised,
                "tied": name in found.tied,
                "place": layer.named.place,
            }

    def _keep_edges(self, layer: structure.LayerNode) -> None:
        for source, operations in layer.feeders.items():
            key = (source, layer.named.layer)
            known = self._edges.get(key)
            straight = layer.straight == source
            if known is not None:
                known["straight"] = known["straight"] and straight
            elif len(self._edges) >= _KEPT:
                self._left_out.add(key)
            else:
                self._edges[key] = {
                    "source": source,
                    "target": layer.named.layer,
                    "operations": sorted(operations),
                    "straight": straight,
                }

    def _keep_dropout(self, found: structure.DropoutNode) -> None:
        key = ("", f"{found.layer} {found.rate:.3f} {found.output}")
        if len(self._dropouts) < _KEPT and key not in self._dropouts:
            node = self._nodes.get(found.layer)
            self._dropouts[key] = {
                "name": "",
                "layer": found.layer,
                "rate": found.rate,
                "output": found.output,
                "place": node["place"] if node else None,
            }

    def facts(self) -> Family | Missing:
        """The layers in the order they were found, inputs first."""
        if not self._looks:
            return Missing("no graph of a training loss could be read")
        return {
            "looks": self._looks,
            "nodes": list(self._nodes.values()),
            "edges": list(self._edges.values()),
            "dropouts": list(self._dropouts.values()),
            "functions": sorted(self._functions),
            "normalised": self._normalised,
            "opaque": self._opaque,
            "left_out": len(self._left_out),
        }
