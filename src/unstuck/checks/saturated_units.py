"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _training
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.activations import Activation

_FLAT = {"tanh": "above .995 in size", "sigmoid": "below .0025 or above .9975"}


@check(
    needs={"activations"},
    remedies=("swap-saturating-activation", "scale-inputs", "redraw-initialisation"),
    question="q11",
    explains={"loss-not-falling", "vanishing-gradients"},
)
def saturated_units(
    facts: Facts,
    *,
    # SageMaker Debugger's SaturatedActivation and DeepDiagnosis: more than half of a layer.
    share: float = 0.5,
    # Where the loss falls all the same.
    nearly_all: float = 0.9,
) -> Iterator[Finding]:
    """Most units of a tanh or sigmoid layer sit at its flat ends.

    ## What it does
    Reads the outputs of each tanh and sigmoid between two layers, and counts the entries where the
    function is flat. Gates (results that multiply something learned, as in LSTM, GLU or attention)
    and outputs are left out.

    ## Why is this bad?
    Where the function is flat the gradient is multiplied by almost nothing: the layer and those
    before it learn slowly or not at all. Inputs that were not scaled, or weights that are too large,
    push the units there; a layer of such units only passes on signs.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    scale = 1000
    x = scale * torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    scale = 1
    x = scale * torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    Flat means a slope below a hundredth of the steepest: |tanh| above .995 (an input beyond 3), a
    sigmoid outside .0025 ... .9975 (beyond 6). DeepDiagnosis takes 5, SageMaker 9.5 and 17.
    At least `share` of the entries (half, as in both) at the first look after an update and at the
    last. It is a `note` while the training loss falls well all the same, unless it is
    `nearly_all` (.9): then less than one path in ten through the layer has a gradient.

    ## When it is wrong
    Codes that are meant to be binary, and layers that have learned their task and are certain: those
    start unsaturated and are not reported.
    """
    judged = [each for each in facts.activations if _is_judged(each)]
    if not judged and not facts.activations:
        raise NotChecked("no non-linearity was seen")
    found = [each for each in judged if _least(each) >= share]
    if not found:
        return
    worst = max(found, key=_least)
    stuck = _training.is_stuck(facts)
    look = worst["looks"][-1]
    more = len(found) - 1
    others = f"; {more} more layer{'s are' if more > 1 else ' is'} like it" if more else ""
    yield Finding(
        f"{look['saturated']:.0%} of the {worst['kind']} outputs behind {worst['layer']} are "
        f"{_FLAT[worst['kind']]}, at step {look['step']} as at the start{others}",
        at=look["step"],
        evidence={
            "layers": [
                [each["layer"], each["kind"], each["looks"][-1]["saturated"]] for each in found[:20]
            ],
            "loss_stuck": stuck,
        },
        severity="note" if stuck is False and _least(worst) < nearly_all else "warning",
        location=Location.of(worst["place"]),
    )


def _is_judged(each: Activation) -> bool:
    return (
        each["kind"] in _FLAT and not each["gate"] and not each["output"] and len(each["looks"]) > 2
    )


def _least(each: Activation) -> float:
    """The smallest share over the looks, so that one odd batch does not count."""
    return min(look["saturated"] for look in each["looks"])
