"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.accumulation import Accumulation
from unstuck.records.series import finite, median

# Optimizers whose update does not grow with the gradient.
_SCALE_FREE = (
    "Adam AdamW NAdam RAdam Adamax Adagrad Adadelta RMSprop Rprop SparseAdam Lion Adafactor Muon"
).split()


@check(
    needs={"accumulation", "optimizers"},
    remedies=("divide-accumulated-loss",),
    question="q08",
)
def accumulation_not_divided(
    facts: Facts,
    *,
    # A mean times 1/k is far from 1 for every k >= 2; one percent is for half precision.
    tolerance: float = 0.01,
) -> Iterator[Finding]:
    """Mean losses are accumulated over several backward passes and not divided by their number.

    ## What it does
    Counts the backward passes between two updates. If one line calls backward k times for each
    update of one model, on the mean loss itself and not on a part of it, and nothing scales the
    gradients before the update, it is reported.

    ## Why is this bad?
    The gradient is the sum of k means: k times that of one large batch. With SGD that is a
    learning rate k times as high, and it changes whenever the number of passes is changed. Adam
    divides the scale away; there only clipping and weight decay notice it.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        for part in range(8):
            batch = torch.randint(0, 256, (32,))
            loss = torch.nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        for part in range(8):
            batch = torch.randint(0, 256, (32,))
            loss = torch.nn.functional.cross_entropy(model(x[batch]), y[batch]) / 8
            loss.backward()
        optimizer.step()
    ```

    ## Threshold
    At least two passes in four of five updates, and a number given to backward that is within
    `tolerance` (.01) of the loss function's. `warning` with SGD and its like, whose updates grow
    k-fold; `note` with Adam and other optimizers that divide by the size of the gradient.

    ## When it is wrong
    A learning rate that was chosen for the sum is right as it is. Losses of several tasks, each
    with a line of its own, a generator and a discriminator, closures of LBFGS, summed losses and
    gradients that are divided or clipped before the update are not reported.
    """
    seen: Accumulation = facts.accumulation
    total = sum(count for _, count in finite(seen["windows"]))
    passes, times = max(finite(seen["windows"]), key=lambda pair: pair[1], default=(0.0, 0.0))
    if passes < 2 or times < 0.8 * total or not seen["model"]:
        return
    ratios = [value for _, value in finite(seen["ratios"])]
    if not ratios or not seen["mean"]:
        raise NotChecked("gradients are accumulated of a loss whose mean is not known")
    ratio = median(ratios)
    if abs(ratio - 1) > tolerance or 2 * seen["rescaled"] >= max(1, seen["judged"]):
        return
    used = [each["name"] for each in facts.optimizers if each["steps"]]
    scale_free = bool(used) and all(name in _SCALE_FREE for name in used)
    effect = (
        f"{' and '.join(sorted({*used}))} divides most of that away"
        if scale_free
        else f"that is a learning rate {passes:g} times as high"
    )
    yield Finding(
        f"each update of {seen['model']} adds up {passes:g} backward passes of a mean loss that is not "
        f"divided by {passes:g}: {effect}",
        at=0,
        evidence={"passes": passes, "given_over_loss": ratio, "optimizers": used},
        severity="note" if scale_free else "warning",
        location=Location.of(seen["place"]),
    )
