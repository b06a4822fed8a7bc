"""The check of the same name."""

import math
from collections.abc import Iterator
from itertools import pairwise

from unstuck.checks import _training
from unstuck.checks._flow import relative, updates
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.gradients import GradientLayer
from unstuck.records.series import median

# Steps of these say nothing of a learning rate: they choose their own size.
_OWN_SIZE = ("LBFGS", "Rprop")


@check(
    needs={"gradients", "loss"},
    remedies=("lower-learning-rate", "raise-learning-rate"),
    question="q01",
    explains={"loss-not-falling", "dead-units"},
)
def learning_rate_suspect(
    facts: Facts,
    *,
    # Healthy are 1e-3 (SGD) to 1e-1 (Adam, first steps); half of a weight in one step is beyond both.
    large: float = 0.5,
    # A step at the low end of healthy moves a weight by a thousandth; this is 50 times less.
    small: float = 2e-5,
    # Below this, for each unit of weight, it is the gradient that is missing, not the rate.
    gradient: float = 1e-3,
    # Fewer steps say nothing of a loss.
    steps: int = 20,
) -> Iterator[Finding]:
    """Updates are so large or so small that the learning rate is suspect.

    ## What it does
    Measures how far each update moves each weight, relative to the weight. Updates of more than
    `large` in most layers, with a loss that ends no better than it began or than a constant
    prediction, point to a rate that is too high; updates of less than `small` on average over the
    whole run, with a loss that stays where it is, to one that is too low.

    ## Why is this bad?
    A rate that is too high overwrites in one step what was there, and the loss swings or diverges; one
    that is too low spends the budget without getting anywhere (question 1).

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
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
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    Healthy updates are about 1e-3 of the weight for SGD and up to 1e-1 for Adam's first steps. `large`
    (.5) is compared with the median over the layers of each layer's largest update; `small` (2e-5)
    with the mean over all steps of the layer that moved most, so that vanishing gradients do not count,
    and only if some layer gets a gradient of at least `gradient` (1e-3) of its weight.
    At least `steps` losses (20). The loss counts as unmoved when it changed by less than 2 % or than
    its noise from batch to batch, and a rate that is too low needs a loss near that of the best
    constant prediction.

    ## When it is wrong
    The size of updates alone proves nothing: batch normalisation makes weights scale-free, and a
    warm-up begins small (rates or updates that grow are left out). Only a replay with another rate
    proves it. Losses that may rise, and optimizers that choose their own step, are not judged.
    """
    if _training.is_moving(facts):
        raise NotChecked("targets move or optimizers take turns: the loss does not tell")
    layers: list[GradientLayer] = [
        each for each in facts.gradients["layers"] if each["optimizer"] not in _OWN_SIZE
    ]
    sizes = [pairs for pairs in map(updates, layers) if pairs]
    losses = _training.losses(facts)
    if not sizes:
        raise NotChecked("no update was seen of an optimizer with a fixed rate")
    blown = _training.diverged(facts)
    if len(losses) < steps and not blown:
        raise NotChecked(f"only {len(losses)} losses seen, {steps} needed")
    top = median([max(size for _, size in pairs) for pairs in sizes])
    if top > large and (blown or _is_bad(facts, losses)):
        yield _finding(facts, "high", top, losses, sizes)
        return
    moved = max(_sum(pairs) for pairs in sizes)
    reached = _largest_gradient(layers) >= gradient
    seen = 1 + max(pairs[-1][0] - pairs[0][0] for pairs in sizes)
    if (
        moved < small * seen
        and reached
        and len(losses) >= steps
        and _is_unmoved(facts, losses, sizes)
    ):
        yield _finding(facts, "low", moved, losses, sizes)


def _is_bad(facts: Facts, losses: _training.Pairs) -> bool:
    """Whether the loss ends above its start, or no better than a constant prediction.

    Where that prediction is not known, as for a sum of losses: whether it rose to many times its
    start and has gained next to nothing on it.
    """
    end, known, start = _training.level(losses), _training.constant(facts), losses[0][1]
    leapt = start > 0 and max(value for _, value in losses) > 5 * start and end > 0.8 * start
    return end > start or leapt or (known is not None and end >= 0.97 * known)


def _is_unmoved(
    facts: Facts, losses: _training.Pairs, sizes: list[list[tuple[int, float]]]
) -> bool:
    known = _training.constant(facts)
    if len(losses) < 10 or known is None:
        return False
    start, end = _training.beginning(losses), _training.level(losses)
    if abs(start - end) > max(0.02 * abs(start), _training.noise(losses)):
        return False
    rates = [rate["rate"] for rate in facts.gradients["rates"]]
    growing = len(rates) > 1 and rates[-1] > 1.5 * rates[0]
    # Momentum takes some dozens of steps to build up.
    later = [[pair for pair in pairs if pair[0] >= 30] or pairs[-1:] for pairs in sizes]
    rising = median([pairs[-1][1] / max(pairs[0][1], 1e-30) for pairs in later]) > 3
    return not growing and not rising and _training.level(losses) >= 0.9 * known


def _largest_gradient(layers: list[GradientLayer]) -> float:
    """Of all layers and looks, relative to the weight."""
    sizes = (relative(look) for layer in layers for look in layer["looks"])
    return max((size for size in sizes if size is not None), default=0.0)


def _sum(pairs: list[tuple[int, float]]) -> float:
    """The sizes over all steps, with straight lines between the looks: no weight moved further."""
    total = pairs[0][1]
    for (before, first), (after, second) in pairwise(pairs):
        total += (after - before) * max(first, second)
    return total


def _finding(
    facts: Facts,
    what: str,
    size: float,
    losses: _training.Pairs,
    sizes: list[list[tuple[int, float]]],
) -> Finding:
    step = max(pairs[-1][0] for pairs in sizes)
    rates = facts.gradients["rates"]
    rate = f" (lr={rates[0]['rate']:.3g})" if rates else ""
    if what == "high":
        at = min((p for pairs in sizes for p in pairs), key=lambda p: (p[1] < size, p[0]))[0]
        text = f"an update changes a weight by {size:.2g} of its size{rate}"
    else:
        at = step
        text = (
            f"all updates to step {step} together change no weight by more than {size:.1g} of its "
        )
        text += f"size{rate}"
    start = losses[0][1] if losses else math.nan
    end = _training.level(losses) if losses else math.nan
    how = "became infinite or NaN" if _training.diverged(facts) else f"went from {start:.4g} to"
    how += "" if _training.diverged(facts) else f" {end:.4g}"
    builders = [o["built_at"] for o in facts.optimizers or () if o["built_at"] and o["steps"]]
    return Finding(
        f"{text}, and the loss {how}: the learning rate looks too {what}; a replay with another one "
        "would prove it",
        at=at,
        evidence={
            "relative_update": size,
            "rate": rates[0]["rate"] if rates else None,
            "loss_at_start": start if math.isfinite(start) else None,
            "loss": end if math.isfinite(end) else None,
        },
        severity="warning",
        location=Location.of(builders[0] if builders else None),
        remedies=("lower-learning-rate",) if what == "high" else ("raise-learning-rate",),
    )
