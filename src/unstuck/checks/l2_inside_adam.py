"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.optimizers import Optimizer

# Those that divide the gradient, with the decay inside, by its running size.
_COUPLED = ("Adam", "NAdam", "RAdam", "Adamax")


@check(
    needs={"optimizers"}, remedies=("decouple-weight-decay", "less-weight-decay"), question="q10"
)
def l2_inside_adam(facts: Facts) -> Iterator[Finding]:
    """Weight decay inside Adam is divided away with the gradient.

    ## What it does
    Looks for Adam, NAdam, RAdam and Adamax with `weight_decay` above zero that add it to the
    gradient.

    ## Why is this bad?
    Adam divides each gradient by its running size, and the decay with it: weights with large
    gradients are decayed least, and the strength depends on the loss. AdamW applies the decay to
    the weights themselves, and generalises better at the same cost.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.01)
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
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None: a setting. Loshchilov and Hutter 2019 (*Decoupled Weight Decay Regularization*) compare
    the two. It is a `note`: training works, the decay only does less than it seems to.

    ## When it is wrong
    Reproducing a paper that used Adam with L2. Optimizers built with
    `decoupled_weight_decay=True` are not reported.
    """
    optimizers: list[Optimizer] = facts.optimizers
    for each in optimizers:
        decay = each["settings"].get("weight_decay", 0.0)
        if each["name"] not in _COUPLED or not each["steps"] or not decay > 0:
            continue
        if each["settings"].get("decoupled_weight_decay"):
            continue
        yield Finding(
            f"{each['name']} adds weight_decay={decay:.3g} to the gradient, where its scaling undoes "
            "most of it",
            at=0,
            evidence={"optimizer": each["name"], "weight_decay": decay},
            severity="note",
            location=Location.of(each["built_at"] or each["stepped_at"]),
        )
