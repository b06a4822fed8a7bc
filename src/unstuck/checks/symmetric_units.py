"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.units import Layer, Look


@check(
    needs={"units"},
    remedies=("redraw-initialisation",),
    question="q03",
    explains={"loss-not-falling"},
)
def symmetric_units(
    facts: Facts,
    # One unit in ten may differ: a layer whose first rows were set by hand is still one unit wide.
    *,
    share: float = 0.9,
) -> Iterator[Finding]:
    """The units of a layer are copies of one another and stay so.

    ## What it does
    Compares the rows of each weight (one row per unit) and of its gradient, at the start and again
    after some updates. A layer is reported when its units were equal at the start, are still
    equal, and receive equal gradients.

    ## Why is this bad?
    Units that start equal and get equal gradients remain equal: a layer of 64 units computes what
    one unit computes. With ReLU or tanh and all weights zero not even that: only the output bias
    learns.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 4, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.05)
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
    for layer in (model[0], model[2]):
        torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    A row counts as equal to the first when they differ by at most 1e-5 of the largest value: float32
    rounding of a symmetric start stays below that in the first steps, though it may split the units
    in the end (question 3). Up to 128 rows and columns are compared; `share` of the rows, .9 by
    default, must be equal in the weights at the first and at the last look and in all gradients.

    ## When it is wrong
    Zero biases are healthy: random weights break the symmetry (question 2). A zero-initialised
    output layer, the zero last layer of a residual branch, a LoRA B matrix: their gradients differ
    from unit to unit, so they are not reported. Constant weights with dropout separate by
    themselves and are not reported either.
    """
    layers: list[Layer] = facts.units
    judged = [layer for layer in layers if len(layer["looks"]) >= 2]
    if not judged:
        raise NotChecked("no layer was seen at two different steps")
    stuck = [layer for layer in judged if _stays(layer["looks"], share)]
    if not stuck:
        return
    first = stuck[0]
    more = len(stuck) - 1
    others = f" (and {more} more layer{'s' if more > 1 else ''})" if more else ""
    last = first["looks"][-1]
    value = "zero" if last["zero"] else "equal"
    text = (
        f"{round(last['weight'] * first['units'])} of {first['units']} units of {first['name']} have "
        f"{value} weights and equal gradients, still at step {last['step']}{others}"
    )
    if first["biases_zero"]:
        text += "; its zero biases are fine"
    yield Finding(
        text,
        at=first["looks"][0]["step"],
        evidence={
            "layers": [
                {"name": layer["name"], "units": layer["units"], "looks": layer["looks"]}
                for layer in stuck[:10]
            ]
        },
        severity="error",
        location=Location.of(first["place"]),
    )


def _stays(looks: list[Look], share: float) -> bool:
    """Equal at the first and at the last look, with gradients that cannot tell the units apart."""
    graded = [look["gradient"] for look in looks if look["gradient"] is not None]
    shares = [looks[0]["weight"], looks[-1]["weight"], *graded]
    return bool(graded) and all(share <= each <= 1 for each in shares)
