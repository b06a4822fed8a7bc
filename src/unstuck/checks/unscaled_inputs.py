"""The check of the same name."""

import math
from collections.abc import Iterator
from statistics import median

from unstuck.checks import _training
from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import adaptive, learned
from unstuck.records import Facts, Finding, Location
from unstuck.records.inputs import Column, DataLayer


@check(
    needs={"inputs"},
    remedies=("scale-inputs",),
    question="q01",
    explains={
        "dead-units",
        "exploding-gradients",
        "initial-loss-off",
        "learning-rate-suspect",
        "loss-not-falling",
        "non-finite-loss",
        "saturated-units",
    },
)
def unscaled_inputs(
    facts: Facts,
    *,
    # Measured on digits (see Threshold).
    ratio: float = 100.0,
    size: float = 30.0,
    offset: float = 10.0,
) -> Iterator[Finding]:
    """The first layer receives features of very large or very different scale.

    ## What it does
    Reads from the autograd graph what reached the first trained layers, after whatever the model did
    to its input: scaling, an embedding, a normalisation layer. Columns that hold only 0 and 1,
    constants and mostly zeros are left out.

    ## Why is this bad?
    Multiplying inputs by c divides the learning rate that can be used by the square of c (question 1).
    With different scales the largest feature decides that rate, and the others hardly learn at it.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    scale = torch.tensor([1000.0] + [1.0] * 7)
    x = torch.randn(512, 8) * scale
    y = (x[:, 1] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(40):
        rows = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    scale = torch.tensor([1000.0] + [1.0] * 7)
    x = torch.randn(512, 8)
    y = (x[:, 1] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(40):
        rows = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    Measured on scikit-learn's digits, standardised, two hidden layers of 64, 200 steps, median of 3
    seeds. One feature times 100 leaves Adam at a loss of .39 instead of .13, SGD (rate .1) at 1.87 instead of
    .15: `ratio` (100) of the largest root mean square to the median standard deviation. All features
    times 30: SGD .49 instead of .15, times 100 NaN, Adam unharmed: `size` (30), only a `note` with an
    adaptive optimizer. All features moved by 10 standard deviations: Adam 1.34, SGD does not learn:
    `offset` (10). Where the first loss is three times that of the best constant it is a
    `warning` in any case: the numbers have saturated the outputs.

    Features of different scale that seem to be learned are learned badly: breast cancer and wine as shipped
    come to .32 and .52 of the best constant's loss with Adam, standardised to .06 and .01. So it is a `note`
    only below .2 of that loss; for large numbers alone below half of it.

    ## When it is wrong
    A learning rate chosen for such inputs, and features whose scale is their importance. Token numbers
    go into an embedding and are not judged, nor is what a normalisation layer receives. Fewer than 32
    rows say too little.
    """
    layers = facts.inputs["layers"]
    if layers is None:
        raise NotChecked("what the first layers received is hidden by activation checkpointing")
    judged = [layer for layer in layers if layer["rows"] >= 32 and _columns(layer)]
    if layers and not judged:
        raise NotChecked("fewer than 32 rows of numbers reached the first layers")
    for layer in judged:
        text = _judge(layer, ratio, size, offset)
        if text:
            share, uneven = learned(facts), _uneven(layer, ratio, offset)
            well = share is not None and share < (0.2 if uneven else 0.5)
            mild = (well or (not uneven and adaptive(facts))) and not _starts_off(facts)
            yield Finding(
                text,
                at=0,
                evidence=_evidence(layer),
                severity="note" if mild else "warning",
                location=Location.of(layer["place"]),
            )
            return


def _starts_off(facts: Facts) -> bool:
    """Whether the first loss is far above that of the best constant prediction."""
    losses, known = _training.losses(facts), _training.constant(facts)
    return bool(losses) and known is not None and losses[0][1] >= 3 * known


def _columns(layer: DataLayer) -> list[Column]:
    """Those whose scale says something."""
    return [
        each
        for each in layer["columns"]
        if not each["binary"] and each["zeros"] <= 0.9 and each["std"] > 1e-6 * abs(each["mean"])
    ]


def _root(column: Column) -> float:
    return math.hypot(column["mean"], column["std"])


def _uneven(layer: DataLayer, ratio: float, offset: float) -> bool:
    columns = _columns(layer)
    spread = median(each["std"] for each in columns)
    largest = max(map(_root, columns))
    off = median(abs(each["mean"]) / max(each["std"], 1e-30) for each in columns)
    return largest >= ratio * spread or off >= offset


def _judge(layer: DataLayer, ratio: float, size: float, offset: float) -> str:
    columns = _columns(layer)
    largest = max(columns, key=_root)
    spread = median(each["std"] for each in columns)
    off = median(abs(each["mean"]) / max(each["std"], 1e-30) for each in columns)
    name = layer["name"] or "the first layer"
    if off >= offset:
        return (
            f"{name} receives features far from 0: half of them have a mean of {off:.3g} or more standard "
            "deviations"
        )
    if _root(largest) >= ratio * spread and _root(largest) >= 1:
        return (
            f"{name} receives features of very different scale: feature {largest['index']} has a root mean "
            f"square of {_root(largest):.3g}, the median standard deviation is {spread:.3g}"
        )
    if layer["root_mean_square"] >= size:
        return (
            f"{name} receives large numbers: from {layer['minimum']:.4g} to {layer['maximum']:.4g}, root "
            f"mean square {layer['root_mean_square']:.3g}"
        )
    return ""


def _evidence(layer: DataLayer) -> dict[str, object]:
    by_size = sorted(_columns(layer), key=_root, reverse=True)
    return {
        "root_mean_square": layer["root_mean_square"],
        "minimum": layer["minimum"],
        "maximum": layer["maximum"],
        "largest_columns": [dict(each) for each in by_size[:5]],
        "median_std": median(each["std"] for each in by_size),
    }
