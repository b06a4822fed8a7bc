"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.loss_calls import LossCall

ONE_SIDED = {
    "ReluBackward0": "ReLU",
    "ThresholdBackward0": "threshold",
    "SoftplusBackward0": "softplus",
    "SigmoidBackward0": "sigmoid",
    "HardsigmoidBackward0": "hard sigmoid",
    "SoftmaxBackward0": "softmax",
    "AbsBackward0": "absolute value",
    "ExpBackward0": "exp",
    "GeluBackward0": "GELU",
    "SiluBackward0": "SiLU",
    "MishBackward0": "Mish",
    "EluBackward0": "ELU",
    "LogSigmoidBackward0": "log-sigmoid",
}
"""Functions whose values are bounded on one side at or near zero, by their node's name."""

# Bounded by chance or by design: only together with values that never fall below zero.
_BOUNDED = {
    "HardtanhBackward0": "ReLU6",
    "ClampBackward1": "clamp",
    "ClampMinBackward0": "clamp",
    "MaximumBackward0": "maximum",
}

_LOGIT_LOSSES = ("cross_entropy", "binary_cross_entropy_with_logits")
# What turns logits into the probabilities that these losses expect; it is skipped.
_LINKS = {
    "nll_loss": "LogSoftmaxBackward0",
    "kl_div": "LogSoftmaxBackward0",
    "binary_cross_entropy": "SigmoidBackward0",
}


@check(
    needs={"loss_calls"},
    remedies=("remove-activation-before-loss",),
    question="q13",
    explains={"dead-units", "loss-not-falling", "saturated-units"},
)
def activation_on_logits(facts: Facts) -> Iterator[Finding]:
    """A one-sided activation is applied to the logits.

    ## What it does
    Follows the autograd graph from the logits of a classification loss backwards. If the last
    operation is ReLU, softplus, sigmoid, GELU or another function bounded on one side, it is
    reported. For `nll_loss` and `binary_cross_entropy` the logits are what enters the
    log-softmax or the sigmoid.

    ## Why is this bad?
    Logits need both signs. After a ReLU the sigmoid can never go below one half, negative logits
    are lost, and where the activation is flat the output has no gradient and cannot recover.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, :1] > 0).float()
    model = torch.nn.Sequential(torch.nn.Linear(8, 1), torch.nn.ReLU())
    loss_function = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(20):
        optimizer.zero_grad()
        loss_function(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, :1] > 0).float()
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    loss_function = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(20):
        optimizer.zero_grad()
        loss_function(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None: the operation is there or not. A clamp, a maximum or ReLU6 counts only if no value below
    zero was seen. Hidden activations followed by a linear layer are healthy.
    Pooling between the activation and the loss (as in SqueezeNet) is not reported.

    ## When it is wrong
    Models whose logits are meant to be non-negative, such as monotone hazards. Add
    `# unstuck: ignore[activation-on-logits]` to the line.
    """
    sites = [site for site in facts.loss_calls if site["training"]]
    if sites and all(site["opaque"] and not site["chain"] for site in sites):
        raise NotChecked("a compiled or custom function hides what makes the logits")
    for site in sites:
        name = _activation(site)
        if name is not None:
            yield _finding(site, name)


def _activation(site: LossCall) -> str | None:
    """The one-sided function that made the logits; None if there is none."""
    chain = site["chain"]
    link = _LINKS.get(site["function"])
    if link is not None:
        return _one_sided(site, chain[1]) if len(chain) > 1 and chain[0] == link else None
    if site["function"] not in _LOGIT_LOSSES or not chain:
        return None
    if site["function"] == "cross_entropy":
        if chain[0] == "SoftmaxBackward0":  # softmax-before-cross-entropy says it better
            return None
        if chain[0] == "LogSoftmaxBackward0":
            chain = chain[1:]
    return _one_sided(site, chain[0]) if chain else None


def _one_sided(site: LossCall, node: str) -> str | None:
    seen = site["input"]
    if node in _BOUNDED and seen is not None and seen["minimum"] >= 0:
        return _BOUNDED[node]
    return ONE_SIDED.get(node)


def _finding(site: LossCall, name: str) -> Finding:
    maker, seen = site["operation"], site["input"]
    where = f"{maker['name']} ({name})" if maker and maker["name"] else name
    text = (
        f"{where} is applied to the logits that {site['function']} receives, which need both signs"
    )
    if seen is not None and seen["zero_share"] >= 0.01:
        text += f"; up to {seen['zero_share']:.0%} of a batch is exactly 0"
    return Finding(
        text,
        at=site["first_step"],
        evidence={
            "graph": site["chain"],
            "smallest": seen["minimum"] if seen else None,
            "largest": seen["maximum"] if seen else None,
            "zero_share": seen["zero_share"] if seen else None,
            "loss_line": site["place"] and str(Location.of(site["place"])),
        },
        severity="warning",
        location=Location.of(maker["place"] if maker and maker["place"] else site["place"]),
    )
