"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.modes import BatchNormLayer


@check(
    needs={"modes"}, remedies=("keep-batch-norm-frozen", "unfreeze", "fresh-start"), question="q17"
)
def frozen_batch_norm_drift(
    facts: Facts,
    *,
    updates: int = 10,
    # Question 17 measured a relative change of 94 % in 60 steps of a faulty run and predicts more
    # than 10 %; batches of 32 drawn from the same data move the means by about .04.
    shift: float = 0.15,
) -> Iterator[Finding]:
    """Batch normalisations of a frozen part change all the same.

    ## What it does
    Watches batch normalisations whose own parameters and those of the layer before them are frozen
    (`requires_grad` is False) and that are in training mode. If their running means move away from
    where they were when they were frozen, it is reported.

    ## Why is this bad?
    `requires_grad_(False)` does not freeze running statistics: each forward pass in training mode
    moves them towards the new data. The features that the frozen weights were trained for are lost
    bit by bit, and in evaluation mode the network is another one than was fine-tuned.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    backbone = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.BatchNorm1d(32))
    backbone(torch.randn(512, 8))  # in place of pretraining
    backbone.requires_grad_(False)
    model = torch.nn.Sequential(backbone, torch.nn.ReLU(), torch.nn.Linear(32, 3))
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    x = torch.randn(256, 8) + 2
    y = x[:, :3].argmax(1)
    model.train()
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    backbone = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.BatchNorm1d(32))
    backbone(torch.randn(512, 8))  # in place of pretraining
    backbone.requires_grad_(False)
    model = torch.nn.Sequential(backbone, torch.nn.ReLU(), torch.nn.Linear(32, 3))
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    x = torch.randn(256, 8) + 2
    y = x[:, :3].argmax(1)
    model.train()
    backbone.eval()
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    At least `updates` (10) updates while frozen, and means that moved by `shift` (.15) standard
    deviations, as a root mean square over the channels: about four times what batches of 32 of the
    same data do. Question 17 measured a change of 94 % in 60 steps where all parameters were
    frozen.

    ## When it is wrong
    Statistics that are adapted to new data on purpose. Layers whose statistics had never been
    estimated before (a random, frozen network) and averaged copies of a network, whose weights
    move without gradients, are not reported.
    """
    layers: list[BatchNormLayer] = [each for mode in facts.modes for each in mode["batch_norm"]]
    frozen = [each for each in layers if each["drift"] is not None and not each["fresh"]]
    judged = [each for each in frozen if each["frozen_updates"] >= updates]
    if frozen and not judged:
        raise NotChecked(f"fewer than {updates} updates with a frozen batch normalisation")
    moved = [(each["drift"] or 0.0, each) for each in judged if (each["drift"] or 0.0) >= shift]
    if not moved:
        return
    drift, worst = max(moved, key=lambda pair: pair[0])
    others = f" (and of {len(moved) - 1} more)" if len(moved) > 1 else ""
    yield Finding(
        f"the running means of {worst['name']}{others} moved by {drift:.2g} standard deviations in "
        f"{worst['frozen_updates']} updates, though its parameters are frozen",
        at=0,
        evidence={
            "layers": [{"name": each["name"], "drift": value} for value, each in moved[:20]],
            "updates": worst["frozen_updates"],
        },
        severity="warning",
        location=Location.of(worst["place"]),
    )
