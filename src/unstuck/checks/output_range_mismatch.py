"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import DISTANCES, call_of
from unstuck.records import Facts, Finding, Location
from unstuck.records.targets import Target

_POSITIVE = ("below_zero",)
_UNIT = ("below_zero", "above_one")
_RANGES = {
    "SigmoidBackward0": ("sigmoid", "0 to 1", _UNIT),
    "HardsigmoidBackward0": ("hard sigmoid", "0 to 1", _UNIT),
    "SoftmaxBackward0": ("softmax", "0 to 1", _UNIT),
    "TanhBackward0": ("tanh", "-1 to 1", ("below_minus_one", "above_one")),
    "ReluBackward0": ("ReLU", "0 and more", _POSITIVE),
    "SoftplusBackward0": ("softplus", "0 and more", _POSITIVE),
    "ExpBackward0": ("exp", "0 and more", _POSITIVE),
    "AbsBackward0": ("absolute value", "0 and more", _POSITIVE),
}
"""What the last operation can give, and which shares of the targets it can never reach."""


@check(
    needs={"targets"},
    remedies=("fit-output-to-targets",),
    question="q13",
    explains={"dead-units", "loss-not-falling", "saturated-units"},
)
def output_range_mismatch(
    facts: Facts,
    *,
    # Single outliers may be meant to be cut off; half a standard normal is not.
    share: float = 0.05,
) -> Iterator[Finding]:
    """The last operation of the network can never reach the targets.

    ## What it does
    Follows the autograd graph from the predictions of a distance loss (squared, absolute, Huber, also
    written by hand) to the operation that made them. If that is sigmoid, tanh, ReLU or another function of
    limited range, it counts the targets outside. It also reports a softmax over a single unit, which
    always gives 1.

    ## Why is this bad?
    No training reaches such targets: the output sits at the end of its range, where sigmoid and tanh
    have no gradient left, and ReLU none at all.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    model.append(torch.nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    At least `share` (5 %) of the targets outside the range, by more than .001; from 30 % on it is an
    `error`, below a `warning`. A scaled output (`10 * sigmoid`) is another operation and healthy.

    ## When it is wrong
    Targets that are cut off on purpose, such as counts below zero after a correction. Add
    `# unstuck: ignore[output-range-mismatch]` to the line. What makes the output must be visible in
    the graph; a compiled or custom function hides it.
    """
    judged = [target for target in facts.targets if target["chain"]]
    if facts.targets and not judged:
        raise NotChecked("what makes the predictions is hidden, or was not looked at")
    for target in judged:
        text, outside = _single_unit(target) or _outside(target)
        if outside < share:
            continue
        site = call_of(facts, target)
        maker = site["operation"] if site is not None else None
        where = f"{maker['name']}: " if maker is not None and maker["name"] else ""
        yield Finding(
            where + text,
            at=target["first_step"],
            evidence={
                "graph": target["chain"],
                "outside": outside,
                "smallest_target": target["minimum"],
                "largest_target": target["maximum"],
            },
            severity="error" if outside >= 0.3 else "warning",
            location=Location.of(maker["place"] if maker and maker["place"] else target["place"]),
        )
        return


def _single_unit(target: Target) -> tuple[str, float] | None:
    """A softmax over one unit; None if it is not that."""
    shape, first = target["prediction_shape"], target["chain"][0]
    if len(shape) != 2 or shape[1] != 1:
        return None
    if first == "SoftmaxBackward0":
        return "softmax over a single unit: the output is 1 for every input", 1.0
    if target["function"] == "cross_entropy" or first == "LogSoftmaxBackward0":
        return "cross-entropy over a single class: the loss is 0 for every input", 1.0
    return None


def _outside(target: Target) -> tuple[str, float]:
    known = _RANGES.get(target["chain"][0])
    if known is None or target["function"] not in DISTANCES:
        return "", 0.0
    name, limits, sides = known
    shares = {
        "below_minus_one": target["below_minus_one"],
        "below_zero": target["below_zero"],
        "above_one": target["above_one"],
    }
    outside = sum(shares[side] for side in sides)
    text = (
        f"the output ends in {name}, which gives {limits}, but {outside:.0%} of the targets are outside: "
        f"they reach from {target['minimum']:.4g} to {target['maximum']:.4g}"
    )
    return text, outside
