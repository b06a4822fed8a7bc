"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.loss_calls import LossCall


@check(
    needs={"graph"},
    remedies=("remove-softmax-before-cross-entropy",),
    question="q13",
    explains={"loss-not-falling"},
)
def softmax_before_cross_entropy(facts: Facts) -> Iterator[Finding]:
    """Probabilities are given to a loss that applies the softmax itself.

    ## What it does
    Follows the autograd graph from the input of `cross_entropy` backwards, and looks at its values:
    a softmax there, or rows of numbers in [0, 1] that sum to 1, is reported. `nll_loss` on
    probabilities instead of log-probabilities is reported as well.

    ## Why is this bad?
    The loss applies a second softmax to numbers between 0 and 1. With K classes it can then never
    fall below ln(1 + (K - 1)/e), 1.46 for ten classes, and the gradients shrink: learning is slow or
    stops at a plateau.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 4, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(dim=1))
    loss_function = torch.nn.CrossEntropyLoss()
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
    y = torch.randint(0, 4, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 4))
    loss_function = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(20):
        optimizer.zero_grad()
        loss_function(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None by the graph. By value: every sampled row in [0, 1] and sums of 1 within 1e-4, which logits
    do not meet by chance.

    ## When it is wrong
    A log-softmax before `cross_entropy` is harmless (it changes nothing) and is not reported.
    Distillation with probabilities as *targets* is right and is not reported.
    """
    named = False
    for site in facts.loss_calls or ():
        if site["function"] not in ("cross_entropy", "nll_loss") or not site["training"]:
            continue
        by_graph = site["chain"][:1] == ["SoftmaxBackward0"]
        by_value = site["input"] is not None and site["input"]["stochastic"]
        if by_graph or by_value:
            named = True
            yield _finding(site, by_graph)
    if not named and "SoftmaxBackward0" in facts.graph["before_log_softmax"]:
        yield Finding(
            "a log-softmax is taken of probabilities (softmax twice) in the loss",
            at=0,
            evidence={"graph": ["LogSoftmaxBackward0", "SoftmaxBackward0"]},
            severity="warning",
            location=Location.of(facts.graph["backward_place"]),
        )


def _finding(site: LossCall, by_graph: bool) -> Finding:
    maker = site["operation"]
    what = f"{maker['name']} (softmax)" if maker and by_graph and maker["name"] else "softmax"
    if site["function"] == "nll_loss":
        text = f"nll_loss receives probabilities ({what}); it expects log-probabilities"
    else:
        text = f"cross_entropy receives probabilities ({what}); it expects logits and applies softmax itself"
    return Finding(
        text,
        at=site["first_step"],
        evidence={
            "graph": site["chain"],
            "rows_sum_to_one": site["input"]["stochastic"] if site["input"] else None,
            "loss_function": site["function"],
            "loss_line": site["place"] and str(Location.of(site["place"])),
        },
        severity="warning",
        location=Location.of(maker["place"] if maker and maker["place"] else site["place"]),
    )
