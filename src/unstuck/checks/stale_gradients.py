"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.optimizers import Optimizer


@check(
    needs={"optimizers"},
    remedies=("zero-gradients",),
    question="q08",
    explains={
        "exploding-gradients",
        "learning-rate-suspect",
        "loss-not-falling",
        "non-finite-loss",
    },
)
def stale_gradients(
    facts: Facts,
    *,
    # Half: a loop that clears once an epoch is stale in nearly all steps, one that clears at every
    # step in none; nothing lies between by design.
    share: float = 0.5,
) -> Iterator[Finding]:
    """Gradients of earlier updates are still there when new ones are added.

    ## What it does
    At each update it asks whether the gradients were cleared since the optimizer's last update.
    If most updates use gradients to which older ones were added, it is reported.

    ## Why is this bad?
    PyTorch adds each gradient to what is in `.grad`. Where `zero_grad()` was forgotten, the
    update follows the sum of all gradients so far: its size grows with every step, and the loss
    swings or diverges.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
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
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    `share` of the updates that could be judged, half by default; at least three of them.

    ## When it is wrong
    Gradient accumulation is healthy: several backward passes before *one* update, cleared after it.
    Code that writes `.grad` itself (for example from `torch.autograd.grad`) is not judged.
    """
    optimizers: list[Optimizer] = facts.optimizers
    judged = [each for each in optimizers if each["judged_steps"] >= 3]
    if not judged:
        raise NotChecked("fewer than three updates of one optimizer could be judged")
    for each in judged:
        if not each["stale_steps"] or each["stale_steps"] < share * each["judged_steps"]:
            continue
        yield Finding(
            f"{each['stale_steps']} of {each['judged_steps']} updates of {each['name']} were made with "
            "gradients that still held those of the update before: zero_grad() is missing or clears "
            "something else",
            at=each["first_stale"],
            evidence={
                "stale_updates": each["stale_steps"],
                "judged_updates": each["judged_steps"],
                "optimizer": each["name"],
            },
            severity="error",
            location=Location.of(each["stepped_at"] or each["built_at"]),
        )
