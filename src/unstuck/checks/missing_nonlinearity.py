"""The check of the same name."""

from collections.abc import Iterator, Mapping

from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import takes_turns
from unstuck.records import Facts, Finding, Location
from unstuck.records.layers import Edge, Layers, Node


@check(
    needs={"layers"},
    remedies=("insert-nonlinearity",),
    question="q05",
    explains={"loss-not-falling"},
)
def missing_nonlinearity(facts: Facts) -> Iterator[Finding]:
    """Two layers follow each other with nothing but linear operations between them.

    ## What it does
    Reads the layers that ran off the autograd graph, and what lies between them. Where the input of
    a layer is a linear function of one other layer's output (views, dropout, scaling, batch
    normalisation, average pooling or nothing in between), the pair is reported.

    ## Why is this bad?
    The product of two matrices is a matrix: together the two layers can express no more than one
    (question 5), and they train more slowly. A net without any non-linearity cannot learn what a
    straight line cannot separate, however deep it is.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None: an operation is there or not. Pairs that are factored on purpose are left out: a middle
    narrower than both sides (LoRA, codes of autoencoders, linear bottlenecks), grouped and depthwise
    convolutions, kernels of 1 x k and k x 1, weights shared with an embedding, and layers whose output
    goes another way as well (the stem of a residual net). Layer and group
    normalisation count as non-linear, because they divide each sample by its own size.

    ## When it is wrong
    Deep linear nets that are studied as such, and a wide linear projection kept apart from the head
    for later use. Say `# unstuck: ignore[missing-nonlinearity]` on the line of the second layer.
    """
    layers: Layers = facts.layers
    nodes = {node["name"]: node for node in layers["nodes"]}
    branching = {edge["source"] for edge in layers["edges"] if not edge["straight"]}
    turns = takes_turns(facts)
    pairs = [
        edge
        for edge in layers["edges"]
        if _is_a_fault(edge, nodes)
        and edge["source"] not in branching
        and not (turns and _is_between_models(edge))
    ]
    if not pairs:
        if layers["opaque"] and not layers["edges"]:
            raise NotChecked("a compiled, checkpointed or custom function hides the layers")
        return
    first = pairs[0]
    source, target = nodes[first["source"]], nodes[first["target"]]
    shown = ", ".join(f"{each['source']} -> {each['target']}" for each in pairs[1:4])
    between = ", ".join(first["operations"]) or "nothing"
    text = (
        f"{source['name']} ({source['inputs']} -> {source['outputs']}) feeds {target['name']} "
        f"({target['inputs']} -> {target['outputs']}) with no non-linearity between them ({between})"
    )
    if shown:
        text += f"; so do {shown}" + (f" and {len(pairs) - 4} more" if len(pairs) > 4 else "")
    if not layers["functions"] and not layers["opaque"] and _is_linear(layers):
        text += "; the whole net is one linear map"
    yield Finding(
        text,
        at=0,
        evidence={
            "pairs": [[each["source"], each["target"], each["operations"]] for each in pairs[:20]],
            "non_linearities": layers["functions"],
        },
        severity="warning",
        location=Location.of(target["place"]),
    )


def _is_a_fault(edge: Edge, nodes: Mapping[str, Node]) -> bool:
    source, target = nodes.get(edge["source"]), nodes.get(edge["target"])
    if not edge["straight"] or source is None or target is None or source is target:
        return False
    middle = source["outputs"]
    factored = middle < source["inputs"] and middle < target["outputs"]
    grouped = source["groups"] > 1 or target["groups"] > 1
    separable = _is_flat(source) and _is_flat(target)
    recurrent = source["uses"] > 1 or target["uses"] > 1
    tied = source["tied"] or target["tied"]
    return not (factored or grouped or separable or recurrent or tied)


def _is_between_models(edge: Edge) -> bool:
    """A generator and its discriminator are two nets, each trained by its own optimizer."""
    return edge["source"].partition(".")[0] != edge["target"].partition(".")[0]


def _is_flat(node: Node) -> bool:
    """A kernel that is long in one direction only."""
    return len(node["kernel"]) > 1 and min(node["kernel"]) == 1 < max(node["kernel"])


def _is_linear(layers: Layers) -> bool:
    return all(edge["straight"] for edge in layers["edges"])
