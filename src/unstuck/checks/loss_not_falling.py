"""The check of the same name."""

import math
from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.loss_calls import LossCall
from unstuck.records.series import falling, finite, last_part, median


@check(
    needs={"loss_calls"},
    remedies=(
        "raise-learning-rate",
        "lower-learning-rate",
        "redraw-initialisation",
        "less-weight-decay",
        "other-optimizer",
    ),
    question="q01",
)
def loss_not_falling(
    facts: Facts,
    *,
    # Below 50 steps a replay tells the cause in 5 of 27 cells, at 80 in 24: benchmarks of replay
    # length. A run that short says nothing about a loss either.
    steps: int = 60,
    # The gain of a change that should not matter stayed below .05 of the constant loss in all
    # repetitions measured, its spread was about .03.
    margin: float = 0.03,
) -> Iterator[Finding]:
    """The loss stays at that of the best constant prediction.

    ## What it does
    From the targets it computes the loss of the best prediction that ignores the input: the
    entropy of the class frequencies (ln K for K balanced classes), the variance of the targets.
    It reports a training loss that is still there after `steps` steps and shows no fall, and one
    that grew tenfold above it and has not come back below.

    ## Why is this bad?
    The network does not learn: its loss does not go down, its accuracy is stuck. A model at that
    level has learned the frequencies of the targets and nothing of the input.
    It is a symptom: the causes reach from a wrong learning rate over zero weights to shuffled
    labels. When another check names a cause, this finding stands under it.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    for step in range(120):
        batch = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for step in range(120):
        batch = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    ```

    ## Threshold
    At least `steps` steps (60). The median loss of the last third is at least (1 - `margin`) times
    the constant loss, and a straight line through the second half falls by less than 3 of its
    standard errors. `margin` .03 is the spread of the gain of changes that should not matter in
    paired replays. A loss that only jitters looks like falling, and is missed, about once in 400
    runs of 60 steps and once in 700 long ones. A loss has blown up when it rose tenfold above both
    its start and the constant loss (a catapult that survives is about fourfold, question 9) and its
    last third is not back below the constant; that is an `error`, a plateau a `warning`.

    ## When it is wrong
    A hard task can sit on this plateau and leave it later: the finding says what is, not what will
    be. A discriminator in balance with its generator, and values learned from a target network,
    rest at such a level by design: several optimizers that take turns, or targets made by a network
    without gradients, are left out. Losses written by hand save no targets and are not checked.
    """
    sites = [site for site in facts.loss_calls if site["training"]]
    if not sites:
        raise NotChecked("no loss function of torch.nn.functional in training: targets unknown")
    if len([o for o in facts.optimizers or () if o["steps"]]) > 1:
        raise NotChecked("several optimizers take turns: a loss at rest may be a balance")
    site: LossCall = max(sites, key=lambda each: each["calls"])
    constant = site["constant"]
    if constant is None:
        raise NotChecked(f"the best constant prediction for {site['function']} is not known")
    if site["moving_targets"]:
        raise NotChecked("the targets are made by a network and move")
    pairs = _pairs(facts, site)
    seen = len({step for step, _ in pairs})
    if seen < steps:
        raise NotChecked(f"only {seen} steps seen, {steps} needed")
    if not 0 < constant["loss"] < math.inf:
        raise NotChecked("the best constant prediction leaves nothing to learn, or is not finite")
    level = median(last_part(pairs, 1 / 3))
    slope = falling(pairs)
    blown = _blown_up(pairs, constant["loss"])
    if not blown and (level < (1 - margin) * constant["loss"] or slope >= 3):
        return
    last = int(pairs[-1][0])
    known = f"predicting the same for every input gives {constant['loss']:.4g} ({constant['what']})"
    if blown:
        text = f"the loss grew from {pairs[0][1]:.3g} to {max(v for _, v in pairs):.3g} and is "
        text += f"{level:.4g} after {last + 1} steps; {known}"
    else:
        text = f"after {last + 1} steps the loss is {level:.4g} and not falling; {known}"
    yield Finding(
        text,
        at=last,
        evidence={
            "loss": level,
            "constant_loss": constant["loss"],
            "constant": constant["what"],
            "standard_errors_of_fall": slope if math.isfinite(slope) else None,
        },
        # A plateau may be left later; a loss that blew up has been thrown away.
        severity="error" if blown else "warning",
        location=Location.of(site["place"]),
        remedies=("lower-learning-rate", "clip-gradient-norm") if blown else (),
    )


def _blown_up(pairs: list[tuple[float, float]], constant: float) -> bool:
    """Whether the loss rose tenfold above both its start and the constant's, and never came back.

    Ten: what survives as a catapult is up to about fourfold (question 9).
    """
    top = max(value for _, value in pairs)
    level = median(last_part(pairs, 1 / 3))
    return top > 10 * max(pairs[0][1], constant) and level >= constant


def _pairs(facts: Facts, site: LossCall) -> list[tuple[float, float]]:
    """The losses of this line over the whole run.

    In a long run most steps pass lightly: the line is then seen mostly at the beginning, and only
    the family ``loss`` goes on. It is used where it is the same number.
    """
    close = finite(site["values"])
    whole = finite(facts.loss["values"]) if facts.loss is not None else []
    if not close or not whole or whole[-1][0] < 1.5 * len({step for step, _ in close}):
        return close
    at = dict(close)
    both = [(at[step], value) for step, value in whole if step in at]
    if not both or any(abs(a - b) > 0.01 * abs(a) for a, b in both):
        raise NotChecked("most steps passed lightly, and this loss is only a part of what was kept")
    return whole
