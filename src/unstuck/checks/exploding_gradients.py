"""The check of the same name."""

import math
from collections.abc import Iterator

from unstuck.checks import _training
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.series import finite, median


@check(
    needs={"gradients", "loss"},
    remedies=(
        "clip-gradient-norm",
        "lower-learning-rate",
        "redraw-initialisation",
        "warm-up-and-decay",
        "clip-gradient-value",
    ),
    question="q22",
    explains={"dead-units", "learning-rate-suspect", "loss-not-falling"},
)
def exploding_gradients(
    facts: Facts,
    *,
    # Question 22: healthy training of a recurrent net has max / median of 4 to 10.
    spike: float = 20.0,
    # A catapult that survives raises the loss up to fourfold (question 9); what ends no better than
    # it began is none.
    margin: float = 1.0,
    # At the usual update of a thousandth of a weight the first-order change is the whole loss.
    sensitive: float = 1000.0,
) -> Iterator[Finding]:
    """The gradient grows by orders of magnitude, and the loss suffers.

    ## What it does
    Follows the norm of all gradients just before each update (and before clipping, where they are
    clipped). It is reported when the norm becomes infinite or NaN while the loss is still finite, and
    when it jumps to more than `spike` times the median before while the loss rises above where it
    began and does not come back. It is also reported when it is so large all along that updates of a
    usual size make no sense: gradient times weight, in units of the loss, above `sensitive`, while the
    loss does not fall by half.

    ## Why is this bad?
    One update of a gradient a hundred times larger than usual throws the weights far away, and the
    work of the steps before is lost. In recurrent and deep nets gradients are products of many
    matrices, and grow like powers.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(64, 30, 4)
    y = x.sum((1, 2)).unsqueeze(1)
    net = torch.nn.RNN(4, 32, batch_first=True, nonlinearity="relu")
    torch.nn.init.eye_(net.weight_hh_l0)
    head = torch.nn.Linear(32, 1)
    parameters = [*net.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.001)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.l1_loss(head(net(x)[0][:, -1]), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(64, 30, 4)
    y = x.sum((1, 2)).unsqueeze(1)
    net = torch.nn.RNN(4, 32, batch_first=True, nonlinearity="relu")
    torch.nn.init.eye_(net.weight_hh_l0)
    head = torch.nn.Linear(32, 1)
    parameters = [*net.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.001)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.l1_loss(head(net(x)[0][:, -1]), y).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        optimizer.step()
    ```

    ## Threshold
    A norm that is not finite counts unless it grew there steadily, a hundredfold and more.
    `spike` 20 times the median of the norms before it (question 22: 4 to 10 in healthy training of
    recurrent nets), next to a calm one (within three times that median; a norm that grows steadily is
    the learning rate's doing), and a median loss of the last third above `margin` times the loss at
    the start: a spike that training survives is not reported. `sensitive` is 1000, because
    healthy updates are about a thousandth of the weight; the median over at least five looks of the
    layer where it is largest counts. `error` if gradients are not finite, else `warning`.

    ## When it is wrong
    Losses that may rise (reinforcement learning, adversarial training, targets from a network) are
    left out. Norms are seen at every step only in small nets and where gradients are clipped, else at
    some steps, so that a lonely spike can be missed. A gradient scaler skips updates whose gradients
    overflow; those are not seen.
    """
    totals: list[list[float]] = facts.gradients["totals"]
    if len(totals) < 5:
        raise NotChecked("fewer than five gradient norms were seen")
    yield from _not_finite(facts, totals)
    if _training.is_moving(facts) or any(not math.isfinite(norm) for _, norm in totals):
        return
    losses = _training.losses(facts)
    jump = _jump(finite(_norms(facts)), spike)
    if len(losses) < 10:
        return
    if jump is None:
        yield from _sensitive(facts, losses, sensitive)
        return
    step, norm, usual = jump
    start, end = _training.beginning(losses), _training.level(losses)
    if end <= margin * start and not _training.diverged(facts):
        return
    yield Finding(
        f"the gradient norm jumps to {norm:.3g} at step {step}, {norm / usual:.0f} times the median "
        f"before ({usual:.3g}), and the loss is {end:.3g} in the end, {start:.3g} at the start",
        at=step,
        evidence={"norm": norm, "median_before": usual, "loss": end, "loss_at_start": start},
        severity="warning",
        location=Location.of(facts.graph["backward_place"] if facts.graph else None),
    )


def _sensitive(facts: Facts, losses: _training.Pairs, limit: float) -> Iterator[Finding]:
    """Large all along: d ln(loss) / d ln(weight), of the layer where it is largest."""
    layers, value = facts.gradients["layers"], dict(losses)
    by_step: dict[int, list[tuple[float, str]]] = {}
    for layer in layers:
        for look in layer["looks"]:
            loss = value.get(look["step"], 0.0)
            if look["gradient"] and look["weight"] and loss > 0:
                size = look["gradient"] * look["weight"] / loss
                by_step.setdefault(look["step"], []).append((size, layer["name"]))
    worst = [max(sizes) for sizes in by_step.values()]
    fell = _training.fall(losses)
    if len(worst) < 5 or fell is None or fell > 0.5:
        return
    middle = median([size for size, _ in worst])
    if not limit <= middle < math.inf:
        return
    name = max({name for _, name in worst}, key=[name for _, name in worst].count)
    yield Finding(
        f"the gradient of {name} is so large that changing the weight by a thousandth of its size would "
        f"change the loss by {middle / 1000:.2g} times its value (the median of {len(worst)} looks), and "
        f"the loss went from {_training.beginning(losses):.3g} to {_training.level(losses):.3g} only",
        at=min(by_step),
        evidence={"sensitivity": middle, "layer": name, "looks": len(worst)},
        severity="warning",
        location=Location.of(facts.graph["backward_place"] if facts.graph else None),
    )


def _norms(facts: Facts) -> list[list[float]]:
    """Before clipping where it is clipped, which is seen at more steps."""
    lines = [line for line in facts.clipping or () if len(line["norms"]) >= 5]
    norms: list[list[float]] = lines[0]["norms"] if lines else facts.gradients["totals"]
    return norms


def _jump(norms: list[tuple[float, float]], spike: float) -> tuple[int, float, float] | None:
    """(step, norm, median before) of the first norm that is so much larger than those before."""
    for place in range(5, len(norms)):
        usual = median([norm for _, norm in norms[:place]])
        around = [norm for _, norm in (*norms[place - 1 : place], *norms[place + 1 : place + 3])]
        calm = any(norm <= 3 * usual for norm in around)
        if calm and 0 < spike * usual < norms[place][1]:
            return int(norms[place][0]), norms[place][1], usual
    return None


def _not_finite(facts: Facts, totals: list[list[float]]) -> Iterator[Finding]:
    bad = [int(step) for step, norm in totals if not math.isfinite(norm)]
    if not bad:
        return
    nonfinite = facts.loss["nonfinite_steps"]
    if nonfinite and nonfinite[0] <= bad[0]:
        return  # the loss was first, and says it better
    before = finite([pair for pair in totals if pair[0] < bad[0]])
    if before and before[-1][1] > 100 * before[0][1]:
        return  # a steady growth to infinity is the learning rate's doing
    grown = f", after {before[0][1]:.3g} to {before[-1][1]:.3g} before" if before else ""
    yield Finding(
        f"the gradient is not finite at step {bad[0]} while the loss still is{grown}",
        at=bad[0],
        evidence={"steps": bad[:5], "norms_before": [list(pair) for pair in before[-5:]]},
        severity="error",
        location=Location.of(facts.graph["backward_place"] if facts.graph else None),
    )
