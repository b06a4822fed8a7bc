"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.schedulers import Scheduler


@check(needs={"schedulers", "ending"}, remedies=("step-scheduler",), question="q10")
def scheduler_not_stepped(
    facts: Facts,
    *,
    # Some dozens of updates, so that a scheduler that waits for a warm-up by hand is not judged.
    updates: int = 24,
    # Beyond what scripts of this size train in epochs with several evaluations each.
    horizon: int = 300,
) -> Iterator[Finding]:
    """A scheduler of the learning rate is built and never stepped.

    ## What it does
    Reads the count that every scheduler keeps. If its optimizer made updates, an epoch has ended or
    the script came to its end, and the count is still zero, it is reported.

    ## Why is this bad?
    The learning rate stays at its first value: no decay, no warm-up. With `OneCycleLR` that is a
    twenty-fifth of the rate that was asked for.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=60)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=60)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        scheduler.step()
    ```

    ## Threshold
    At least `updates` (24) updates and one completed epoch, two for `ReduceLROnPlateau`, which waits
    for a validation. Before an epoch has ended it cannot be known, except where the schedule is set
    for `horizon` (300) steps or more and three evaluations have passed: as many epochs, each
    evaluated several times, nobody trains.

    ## When it is wrong
    A scheduler that is only asked for its values. Those that another scheduler drives, or whose
    optimizer is not used, are not reported.
    """
    schedulers: list[Scheduler] = [each for each in facts.schedulers if not each["inner"]]
    if all(each["steps"] for each in schedulers):
        return
    data = facts.data or {}
    unclear = ""
    for each in schedulers:
        if each["steps"]:
            continue
        if each["updates"] < updates:
            unclear = f"its optimizer made {each['updates']} updates, {updates} needed"
            continue
        epochs = each["epochs"]
        if data.get("updates_per_epoch") == 1:  # the whole data at each step
            epochs = max(epochs, each["updates"])
        needed = 2 if each["name"] == "ReduceLROnPlateau" else 1
        counts_updates = _horizon(each) >= horizon and _evaluations(facts) >= 3
        if epochs < needed and not counts_updates and facts.ending["ended"] != "finished":
            unclear = "no epoch had ended, and it may be stepped then"
            continue
        yield Finding(
            f"{each['name']} was never stepped in {each['updates']} updates of {each['optimizer']}: the "
            "learning rate stays where it began",
            at=0,
            evidence={
                "scheduler": each["name"],
                "updates": each["updates"],
                "epochs": epochs,
                "settings": each["settings"],
            },
            severity="warning",
            location=Location.of(each["built_at"]),
        )
        return
    if unclear:
        raise NotChecked(f"a scheduler was not stepped yet: {unclear}")


def _horizon(each: Scheduler) -> float:
    """The number of its own steps that a schedule is made for; 0 where it has no end."""
    return max(each["settings"].get(name, 0.0) for name in ("T_max", "total_steps", "total_iters"))


def _evaluations(facts: Facts) -> int:
    return 0 if facts.validation is None else int(facts.validation["seen"])
