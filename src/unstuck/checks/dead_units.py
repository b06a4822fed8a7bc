"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _training
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.activations import Activation


@check(
    needs={"activations"},
    remedies=("lower-learning-rate", "redraw-initialisation", "leaky-activation"),
    question="q02",
    explains={"loss-not-falling", "vanishing-gradients"},
)
def dead_units(
    facts: Facts,
    *,
    # SageMaker Debugger's DeadRelu: more than half of a layer.
    share: float = 0.5,
    # Where nearly all are dead, nothing comes through, whatever the loss does.
    nearly_all: float = 0.9,
    # Of three looks together: a unit that fires for one sample in twenty is silent in all of them
    # once in seven hundred times.
    rows: int = 128,
) -> Iterator[Finding]:
    """Most ReLU units of a layer are zero for every sample.

    ## What it does
    Reads the outputs of each ReLU that autograd saved, and counts the units that were zero for all
    samples of a batch, and also in the two looks before. Nothing is said of a layer whose input is
    the same for all samples, nor where the batches are too small to tell.

    ## Why is this bad?
    A unit that is negative for every sample has no gradient: neither its weights nor its bias can
    change, and it stays dead (a dying ReLU). If a whole layer is dead, no gradient reaches the layers
    before it and only the last bias learns. One update that was too large is enough, or a strongly
    negative bias.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 4, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
    torch.nn.init.constant_(model[0].bias, -5.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
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
    y = torch.randint(0, 4, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
    torch.nn.init.constant_(model[0].bias, 0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    A unit counts as dead when it was zero in three looks in a row with at least `rows` samples
    and positions (128) in all. From `nearly_all` (.9) of the units on it is a `warning`, and an `error` if it
    is all of them and the layer gets no gradient. Between `share` (.5, as in SageMaker's DeadRelu)
    and that it is a `warning` while the training loss does not fall, and else not reported: wide nets
    that learn well are sparse.

    ## When it is wrong
    Sparse coding and very wide layers live with many silent units: raise `share`. Units that fire for
    rare inputs only look dead in small batches: raise `rows`.
    """
    judged = [each for each in facts.activations if _is_judged(each, rows)]
    if not judged:
        raise NotChecked("no ReLU layer was seen in three batches large enough to judge its units")
    stuck = _training.is_stuck(facts)
    dead = [(each, _share(each)) for each in judged]
    found = [
        (each, part)
        for each, part in dead
        if part >= nearly_all or (part >= share and stuck is True)
    ]
    if not found:
        return
    worst, part = max(found, key=lambda pair: pair[1])
    silent = part == 1 and _gets_no_gradient(facts, worst["layer"])
    look = worst["looks"][-1]
    more = len(found) - 1
    others = f"; {more} more layer{'s are' if more > 1 else ' is'} like it" if more else ""
    yield Finding(
        f"{round(part * worst['units'])} of {worst['units']} ReLU units behind {worst['layer']} are "
        f"zero for every sample, at step {look['step']} and the two looks before{others}",
        at=look["step"],
        evidence={
            "layers": [[each["layer"], share_] for each, share_ in found[:20]],
            "rows": look["rows"],
            "loss_stuck": stuck,
        },
        severity="error" if silent else "warning",
        location=Location.of(worst["place"]),
    )


def _is_judged(each: Activation, rows: int) -> bool:
    looks = each["looks"][-3:]
    return (
        each["kind"] == "ReLU"
        and len(looks) == 3
        and looks[-1]["dead_for_long"] is not None
        and sum(look["rows"] for look in looks) >= rows
        and all(look["varies"] for look in looks)
    )


def _share(each: Activation) -> float:
    return each["looks"][-1]["dead_for_long"] or 0.0


def _gets_no_gradient(facts: Facts, layer: str) -> bool:
    for each in (facts.gradients or {"layers": []})["layers"]:
        if each["name"] == layer and each["looks"]:
            return bool(each["looks"][-1]["zeros"] == 1)
    return False
