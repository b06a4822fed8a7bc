"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _training
from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import takes_turns
from unstuck.records import Facts, Finding, Location
from unstuck.records.loss import Loss
from unstuck.records.series import falling, finite, last_part, median


@check(needs={"loss", "ending"}, remedies=("more-steps", "add-momentum"), question="q09")
def not_enough_steps(
    facts: Facts,
    *,
    steps: int = 20,
    # Half of what the best constant prediction costs: a loss below that has learned most of it,
    # and falls on for ever (the last part of cross-entropy is over-confidence).
    level: float = 0.5,
    # A twentieth of the constant's loss in the last third: twice the spread (.03) of the gain of
    # changes that should not matter.
    fall: float = 0.06,
) -> Iterator[Finding]:
    """The script ended while the loss was still falling.

    ## What it does
    Where the script came to its own end, it asks whether the loss was still high and falling: not
    below half of the loss of the best constant prediction, and a straight line through its last
    third falls by much more than the noise.

    ## Why is this bad?
    What has been learned is a part of what this network would learn: more steps would help, more
    than any other change. A judgement of the model at this point is one of the number of steps.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005)
    for _ in range(24):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005)
    for _ in range(190):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    At least `steps` (20) steps. The median of the last tenth is above `level` (.5) times the loss of
    the best constant prediction; over the last third the loss fell by `fall` (.06) of that constant,
    twice the spread of changes that do not matter in paired replays, and by 5 standard errors of
    the slope. A `warning`: it learns, but was stopped. For a loss written by hand the constant
    prediction is not known, and the first losses stand for it.

    ## When it is wrong
    A first look at a script, or a budget that is meant. A run that `check` itself stops is never
    reported. Where targets move (a generator, a target network) or are not known, it is not checked.
    """
    if facts.ending["ended"] != "finished":
        raise NotChecked("the script had not come to its own end")
    if takes_turns(facts):
        raise NotChecked("several optimizers take turns: how far a loss can fall is not known")
    loss: Loss = facts.loss
    pairs = finite(loss["values"])
    if len(pairs) < steps:
        raise NotChecked(f"only {len(pairs)} steps seen, {steps} needed")
    constant = _constant(facts)
    end = median(last_part(pairs, 0.1))
    before = median(last_part(pairs, 1 / 3)[: max(1, len(pairs) // 10)])
    slope = falling(pairs, 1 / 3)
    fell = before - end
    if end < level * constant or fell < fall * constant or slope < 5:
        return
    if end > 1.05 * constant:  # nothing is learned yet: other checks say why
        return
    last = int(pairs[-1][0])
    yield Finding(
        f"the script ended after {last + 1} steps at a loss of {end:.4g} that was still falling "
        f"({before:.4g} a third earlier); predicting the same for every input gives {constant:.4g}",
        at=last,
        evidence={"loss": end, "a_third_earlier": before, "constant_loss": constant},
        severity="warning",
        location=Location.of(loss["place"]),
    )


def _constant(facts: Facts) -> float:
    """The loss of the best constant prediction, of the training loss that is called most."""
    sites = [site for site in facts.loss_calls or () if site["training"]]
    if not sites:
        first = _training.beginning(_training.losses(facts))
        if first <= 0:
            raise NotChecked("the loss is written by hand and not positive: its scale is not known")
        return first
    site = max(sites, key=lambda each: each["calls"])
    if site["moving_targets"]:
        raise NotChecked("the targets are made by a network and move")
    constant = site["constant"]
    if constant is None or not 0 < constant["loss"] < float("inf"):
        raise NotChecked(f"the best constant prediction for {site['function']} is not known")
    return float(constant["loss"])
