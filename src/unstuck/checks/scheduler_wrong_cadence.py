"""The check of the same name."""

from collections.abc import Iterator
from typing import Any

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.schedulers import Scheduler
from unstuck.records.series import finite

# The step at which a schedule has come to its end, or half its period.
_HORIZONS = {
    "CosineAnnealingLR": "T_max",
    "OneCycleLR": "total_steps",
    "PolynomialLR": "total_iters",
}


@check(
    needs={"schedulers", "ending"},
    remedies=("step-scheduler",),
    question="q10",
    explains={"learning-rate-suspect", "loss-not-falling"},
)
def scheduler_wrong_cadence(
    facts: Facts,
    *,
    updates: int = 24,
    # A learning rate below a thousandth of its peak moves nothing that one could measure; good
    # schedules end there, but do not stay there.
    dead: float = 1e-3,
) -> Iterator[Finding]:
    """A scheduler counts epochs and is stepped at every update, or the other way round.

    ## What it does
    Compares how often a scheduler is stepped with the updates of its optimizer, the updates in an
    epoch, and its horizon. Stepped at each update, it is reported if its horizon (`T_max`,
    `total_steps`) lies within the first epoch, if it has passed the horizon and the rate rises
    again, or if the rate has been next to zero for most of the time. Stepped once an epoch, it is
    reported if its horizon is the number of all updates.

    ## Why is this bad?
    With the wrong unit the rate is zero after a fraction of the training, or swings up and down in
    each epoch, or hardly changes at all.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(2048, 8)
    y = x[:, :3].argmax(1)
    data = torch.utils.data.TensorDataset(x, y)
    loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
    for _ in range(3):
        for inputs, targets in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
            scheduler.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(2048, 8)
    y = x[:, :3].argmax(1)
    data = torch.utils.data.TensorDataset(x, y)
    loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
    for _ in range(3):
        for inputs, targets in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        scheduler.step()
    ```

    ## Threshold
    At least `updates` (24) updates. A rate is next to zero below `dead` (1e-3) of its peak, and that
    must hold for a fifth of the updates of at most two epochs, or for half of all updates: a
    schedule that ends at zero on purpose is there for a few percent of the time. A horizon in
    updates is a multiple of the updates in an epoch, at least ten epochs' worth (two for
    `OneCycleLR`, which is made to be stepped at each update). Without a loader epochs are not known;
    then only `OneCycleLR` with 100 steps or more, stepped in less than every fifth update, is reported.

    ## When it is wrong
    Cyclic schedules, warm restarts, constant and linear warm-ups, and `ReduceLROnPlateau` have no such
    horizon and are judged by the rate alone. Where an epoch is one update, there is no difference.
    """
    schedulers: list[Scheduler] = facts.schedulers
    whole = (facts.data or {}).get("updates_per_epoch") == 1
    for each in schedulers:
        if each["inner"] or each["updates"] < updates or not each["steps"] or whole:
            continue
        text = _at_each_update(each, dead) if each["steps"] >= 0.9 * each["updates"] else ""
        text = text or _once_an_epoch(each)
        if text:
            yield Finding(
                text,
                at=0,
                evidence=_evidence(each),
                severity="warning",
                location=Location.of(each["built_at"]),
            )


def _horizon(each: Scheduler) -> float:
    return each["settings"].get(_HORIZONS.get(each["name"], ""), 0.0)


def _at_each_update(each: Scheduler, dead: float) -> str:
    """What is wrong with stepping it at every update; empty if nothing is."""
    name, horizon, per_epoch = each["name"], _horizon(each), each["per_epoch"]
    begun = f"{name} is stepped at each update ({each['steps']} times in {each['updates']} updates)"
    setting = _HORIZONS.get(name, "")
    if per_epoch == 1:
        return ""
    if horizon and per_epoch and horizon <= 0.5 * per_epoch and each["steps"] > horizon:
        return f"{begun}, and its {setting}={horizon:g} lies within an epoch of {per_epoch} updates"
    if name == "CosineAnnealingLR" and horizon and each["steps"] > 1.5 * horizon:
        return f"{begun}, and is past its {setting}={horizon:g}: the learning rate rises again"
    rates = finite(each["rates"])
    if len(rates) < 8:
        return ""
    peak = max(rate for _, rate in rates)
    dead = dead * (1 + 1e-6)  # three steps of a tenth are a thousandth, but for rounding
    after = next(at for at, rate in rates if rate == peak)
    low = next((at for at, rate in rates if at > after and rate <= dead * peak), None)
    last_at, last = rates[-1]
    if low is None or last > dead * peak or last_at <= 0:
        return ""
    share = (last_at - low) / last_at
    early = per_epoch is not None and low <= per_epoch and share >= 0.2
    if early or share >= 0.5:
        return f"{begun}: its learning rate is below {dead:g} of its peak from update {low:g} on"
    return ""


def _once_an_epoch(each: Scheduler) -> str:
    """What is wrong with stepping it once an epoch; empty if nothing is."""
    horizon, per_epoch, epochs = _horizon(each), each["per_epoch"], each["epochs"]
    seldom = 2 <= each["steps"] <= each["updates"] / 5
    if each["name"] == "OneCycleLR" and not per_epoch and horizon >= 100 and seldom:
        return (
            f"OneCycleLR is made to be stepped at each update and was stepped {each['steps']} times in "
            f"{each['updates']} updates: its total_steps={horizon:g} are never reached"
        )
    if not horizon or not per_epoch or per_epoch < 5 or not 1 <= each["steps"] <= epochs + 1:
        return ""
    least = 2.0 if each["name"] == "OneCycleLR" else 10.0
    if horizon % per_epoch or horizon < least * per_epoch:
        return ""
    return (
        f"{each['name']} is stepped once an epoch ({each['steps']} times in {each['updates']} updates), "
        f"but its {_HORIZONS[each['name']]}={horizon:g} counts updates ({per_epoch} in an epoch)"
    )


def _evidence(each: Scheduler) -> dict[str, Any]:
    return {
        "scheduler": each["name"],
        "steps": each["steps"],
        "updates": each["updates"],
        "updates_per_epoch": each["per_epoch"],
        "settings": dict(each["settings"]),
        "rates": each["rates"][-5:],
    }
