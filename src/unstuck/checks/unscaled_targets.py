"""The check of the same name."""

import math
from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.checks._sites import DISTANCES, adaptive, learned, moving
from unstuck.records import Facts, Finding, Location
from unstuck.records.targets import Target


@check(
    needs={"targets"},
    remedies=("scale-targets",),
    question="q01",
    explains={
        "exploding-gradients",
        "learning-rate-suspect",
        "loss-not-falling",
        "non-finite-loss",
    },
)
def unscaled_targets(
    facts: Facts,
    *,
    # Measured on diabetes (see Threshold).
    size: float = 30.0,
    adaptive_size: float = 100.0,
    offset: float = 10.0,
) -> Iterator[Finding]:
    """The targets of a regression are far larger than what the network gives at first.

    ## What it does
    Compares mean and standard deviation of the targets of a distance loss (squared, absolute, Huber,
    also written by hand) with the first predictions.

    ## Why is this bad?
    A fresh network gives numbers near 0. The loss is then the square of the offset, and so are its
    gradients: SGD diverges at the usual rates, Adam spends its steps on moving the output.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = x.sum(1, keepdim=True) * 50 + 200
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(100):
        rows = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = x.sum(1, keepdim=True) / 8**0.5
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(100):
        rows = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    Measured on scikit-learn's diabetes data with standardised targets y, two hidden layers of 64, median of
    3 seeds, squared error over the variance after 200 steps. SGD (rate .01): 30 y leaves 1.00 instead of .49,
    50 y diverges; y + 30 .76, y + 100 diverges: `size` (30) of mean or standard deviation. Adam (rate .001):
    30 y .47, 100 y .52, 1000 y .80 instead of .41, as shipped (152 + 77 y) .90: `adaptive_size` (100). y + 10
    leaves Adam at 2.4: a mean of `offset` (10) standard deviations, if it is 5 or more. When the loss has
    come below half of the best constant's it is a `note`. The first predictions must be
    below .3 of the root mean square of the targets.

    ## When it is wrong
    A learning rate chosen for such targets, an output bias that starts at their mean (the first
    predictions are then not small), targets made by a network, and Poisson losses are not reported.
    """
    judged = [t for t in facts.targets if t["function"] in DISTANCES and t["entries"] >= 32]
    judged = [target for target in judged if not moving(facts, target)]
    limit = adaptive_size if adaptive(facts) else size
    for target in judged:
        text = _judge(target, limit, offset)
        if text:
            share = learned(facts)
            yield Finding(
                text,
                at=target["first_step"],
                evidence={
                    "mean": target["mean"],
                    "std": target["std"],
                    "first_prediction": target["first_prediction"],
                },
                severity="note" if share is not None and share < 0.5 else "warning",
                location=Location.of(target["place"]),
            )
            return


def _judge(target: Target, limit: float, offset: float) -> str:
    mean, std, first = target["mean"], target["std"], target["first_prediction"]
    root = math.hypot(mean, std)
    if not (math.isfinite(root) and first < 0.3 * root):
        return ""
    far = abs(mean) >= 5 and abs(mean) >= offset * std
    if max(abs(mean), std) < limit and not far:
        return ""
    return (
        f"the targets of {target['function']} have mean {mean:.4g} and standard deviation {std:.4g}, while "
        f"the first predictions have a root mean square of {first:.3g}"
    )
