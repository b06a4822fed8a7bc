"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.inputs import NonFinite


@check(
    needs={"inputs"},
    remedies=("clean-inputs",),
    explains={"dead-units", "exploding-gradients", "loss-not-falling", "non-finite-loss"},
)
def nan_inputs(facts: Facts) -> Iterator[Finding]:
    """The data holds NaN or infinity.

    ## What it does
    Looks at every tensor that a model receives in training, and at the targets, for entries that
    are not finite. It reports the first when the loss of the same step was not finite either, and
    names batch, rows and columns.

    ## Why is this bad?
    One such entry makes the loss NaN, the gradients NaN, and with the next update every weight.
    No learning rate and no clipping helps.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    x[37, 2] = float("nan")
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(16):
        rows = slice(16 * step, 16 * step + 16)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    x[37, 2] = 0.0
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(16):
        rows = slice(16 * step, 16 * step + 16)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    None: an entry is finite or not. An entry after which the loss stays finite is not reported:
    masks of minus infinity, and missing values that the model fills by itself, are healthy.

    ## When it is wrong
    A model that meets both a mask of minus infinity and, in the same step, a loss that became NaN
    for another reason. In steps that were not watched closely nothing is seen.
    """
    loss = facts.loss
    broken = loss["nonfinite_steps"][:1] if loss is not None else []
    if not broken:
        return
    for argument in facts.inputs["arguments"]:
        seen = argument["nonfinite"]
        if seen is not None and seen["step"] in (broken[0], broken[0] - 1) and not argument["made"]:
            name = argument["name"]
            which = f"argument {name}" if name.isdigit() else f"{name}="
            yield Finding(
                f"{which} of {argument['model']} holds {_where(seen)}, in batch {seen['call']} "
                f"at step {seen['step']}; the loss is not finite from step {broken[0]} on",
                at=seen["step"],
                evidence=dict(seen),
                location=Location.of(argument["place"]),
            )
            return
    for target in facts.targets or ():
        step = target["nonfinite_step"]
        if target["nonfinite"] and step == broken[0] and not target["made"]:
            yield Finding(
                f"the targets of {target['function']} hold NaN or infinity at step {step}: "
                f"{target['nonfinite']} entries so far; the loss is not finite from there on",
                at=step,
                evidence={"entries": target["nonfinite"], "step": step},
                location=Location.of(target["place"]),
            )
            return


def _where(seen: NonFinite) -> str:
    if not seen["entries"]:
        return "NaN or infinity"
    text = f"{seen['entries']} of {seen['of']} entries that are NaN or infinite (row"
    text += f"{'s' * (len(seen['rows']) > 1)} {', '.join(map(str, seen['rows']))}"
    if seen["columns"]:
        columns = ", ".join(map(str, seen["columns"]))
        text += f"; column{'s' * (len(seen['columns']) > 1)} {columns}"
    return text + ")"
