"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.loss import Loss
from unstuck.records.series import finite


@check(
    needs={"loss"},
    remedies=("lower-learning-rate", "clip-gradient-norm"),
    question="q22",
    explains={"loss-not-falling"},
)
def non_finite_loss(facts: Facts, *, tolerated: int = 0) -> Iterator[Finding]:
    """The loss became NaN or infinite.

    ## What it does
    Looks at the loss of every training step and reports the first that is not a finite number.
    Steps count from 0.

    ## Why is this bad?
    The update after it writes NaN into the weights, and they stay NaN: everything later is wasted.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e4)
    for _ in range(60):
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
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None: a number is finite or it is not. When the loss is finite again at the last step seen, the
    severity is `warning`, because the weights survived; else `error`.

    ## When it is wrong
    A gradient scaler skips a few such steps on purpose (their loss is usually finite, only the
    gradients overflow). If the loss itself overflows in your mixed-precision run and training goes
    on, raise `tolerated`, the number of such steps to accept.
    """
    loss: Loss = facts.loss
    if loss["nonfinite_count"] <= tolerated or not loss["nonfinite_steps"]:
        return
    first = loss["nonfinite_steps"][0]
    before = [pair for pair in finite(loss["values"]) if pair[0] < first]
    kind = "NaN" if loss["nonfinite_kind"] == "nan" else "infinite"
    if loss["recovered"]:
        text = (
            f"the loss was {kind} at step {first}, not finite {loss['nonfinite_count']} times in all; "
            "the newest loss is finite again"
        )
    else:
        text = f"the loss is {kind} from step {first} on"
    if before and before[-1][1] > 10 * abs(before[0][1]):
        text += f", after growing from {before[0][1]:.3g} to {before[-1][1]:.3g}"
    yield Finding(
        text,
        at=first,
        evidence={
            "steps": loss["nonfinite_steps"],
            "count": loss["nonfinite_count"],
            "last_finite": before[-1][1] if before else None,
        },
        severity="warning" if loss["recovered"] else "error",
        location=Location.of(loss["place"]),
    )
