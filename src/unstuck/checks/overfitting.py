"""The check of the same name."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sensible import sensible
from unstuck.checks._sites import takes_turns
from unstuck.records import Facts, Finding, Location
from unstuck.records.series import finite, median
from unstuck.records.validation import Curve, Validation

Pairs = Sequence[tuple[float, float]]


HARMFUL = 1.5
"""Times the lowest validation loss from which on even mere over-confidence is a warning."""


@check(
    needs={"validation", "loss"},
    remedies=(
        "early-stopping",
        "weight-decay",
        "more-dropout",
        "linear-model",
        "head-first",
        "lower-backbone-rate",
        "use-convolution",
        "global-pooling",
    ),
    question="q06",
)
def overfitting(
    facts: Facts,
    *,
    evaluations: int = 6,
    # Prechelt 1998 (Early Stopping - But When?): generalisation loss, the rise above the minimum;
    # he stops at 1 to 5 %, here all of the last three must be above, and clearly.
    rise: float = 0.1,
) -> Iterator[Finding]:
    """The validation loss turned and rises while the training loss goes on falling.

    ## What it does
    Follows the mean loss of each evaluation, and the training loss beside it. When the validation
    loss has left its minimum for the last three evaluations at least, clearly and beyond its own
    noise, while the training loss fell, it is reported.

    ## Why is this bad?
    From the minimum on the network learns its training samples, noise and wrong labels included
    (Zhang et al. 2017), and gets worse on others. If the training loss rises as well, the cause is
    another one (learning rate, stability), and this check is silent.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x, x_val = torch.randn(64, 20), torch.randn(256, 20)
    y, y_val = torch.randint(0, 2, (64,)), torch.randint(0, 2, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(20, 128), torch.nn.ReLU(), torch.nn.Linear(128, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for epoch in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            torch.nn.functional.cross_entropy(model(x_val), y_val)
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x, x_val = torch.randn(64, 20), torch.randn(256, 20)
    y, y_val = (x[:, 0] > 0).long(), (x_val[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(20, 128), torch.nn.ReLU(), torch.nn.Linear(128, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for epoch in range(15):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            torch.nn.functional.cross_entropy(model(x_val), y_val)
    ```

    ## Threshold
    At least `evaluations` (6) of them, three after the minimum. Each of the last three lies above
    the minimum by `rise` (.1) of it, the generalisation loss of Prechelt 1998 (who stops training
    at .01 to .05), and by three times the noise, the median of half the second differences. The
    training loss fell by a tenth since then. If the accuracy is known and has not fallen by more
    than its binomial error, only the confidence is too high (Guo et al. 2017): a `note`, as long
    as the loss is below 1.5 times the minimum (clean garments reached 1.42, the clean digits of
    question 6 reach 1.15), else a `warning`.

    ## When it is wrong
    The loss may fall a second time much later (double descent, Nakkiran et al. 2019). Rare targets
    make a small validation set noisy. Losses of networks that play against each other, or whose
    targets move, are not judged.
    """
    validation: Validation = facts.validation
    if any(site["moving_targets"] for site in facts.loss_calls or () if site["training"]):
        raise NotChecked("the targets are made by a network and move")
    if takes_turns(facts):
        raise NotChecked("several optimizers take turns: a loss may rise by design")
    curves = [each for each in validation["curves"] if len(finite(each["values"])) >= evaluations]
    if not curves:
        raise NotChecked(f"fewer than {evaluations} evaluations with a loss function were seen")
    training = finite(facts.loss["values"])
    turned = [(each, at) for each in curves if (at := _turned(finite(each["values"]), rise)) >= 0]
    for curve, at in turned[:1]:
        values = finite(curve["values"])
        step, least = values[at]
        then, now = _training_at(training, step), _training_at(training, values[-1][0])
        if then is None or now is None or now > 0.9 * then:
            continue
        remedies = sensible(overfitting.remedies, facts)
        yield _finding(curve, (step, least), values[-1], (then, now), remedies)


def _turned(values: Pairs, rise: float) -> int:
    """Where the minimum is, if all of the last three lie clearly above it; -1 if they do not."""
    at = min(range(len(values)), key=lambda index: values[index][1])
    least = values[at][1]
    if at > len(values) - 4 or least <= 0:
        return -1
    numbers = [value for _, value in values]
    last = numbers[-3:]
    # Second differences: a smooth rise or fall is no noise.
    bends = [
        abs(c - 2 * b + a) / 2 for a, b, c in zip(numbers, numbers[1:], numbers[2:], strict=False)
    ]
    noise = median(bends)
    between = values[at + 1 : -3]
    rising = sum(b[1] > a[1] for a, b in pairwise(values[at:]))
    steady = rising >= 0.5 * (len(values) - at - 1)
    above = min(last) >= (1 + rise) * least and min(last) >= least + 3 * noise
    return (
        at if above and steady and median(last) >= median([v for _, v in between] or last) else -1
    )


def _training_at(training: Pairs, step: float) -> float | None:
    """The training loss around a step: the median of the nearest nine, or a twentieth of all."""
    if not training:
        return None
    count = max(3, min(9, len(training) // 10))
    nearest = sorted(training, key=lambda pair: abs(pair[0] - step))[:count]
    return median([value for _, value in nearest])


def _finding(
    curve: Curve,
    minimum: tuple[float, float],
    last: tuple[float, float],
    training: tuple[float, float],
    remedies: tuple[str, ...],
) -> Finding:
    step, least = int(minimum[0]), minimum[1]
    text = (
        f"the validation loss was lowest at step {step} ({least:.3g}) and is {last[1]:.3g} at step "
        f"{int(last[0])}, while the training loss fell from {training[0]:.3g} to {training[1]:.3g}"
    )
    confident = _accuracy_held(curve, minimum[0])
    if confident:
        text += "; the accuracy has not fallen: only the confidence is too high"
    mild = confident and last[1] < HARMFUL * least
    return Finding(
        text,
        at=step,
        evidence={
            "lowest": least,
            "lowest_at": step,
            "last": last[1],
            "training_then": training[0],
            "training_now": training[1],
            "accuracy": [list(pair) for pair in curve["accuracy"][-20:]],
        },
        severity="note" if mild else "warning",
        location=Location.of(curve["place"]),
        remedies=remedies,
    )


def _accuracy_held(curve: Curve, step: float) -> bool:
    """Whether the accuracy of the last three is not below that at the minimum, within its error."""
    pairs = finite(curve["accuracy"])
    if len(pairs) < 4:
        return False
    then = median([value for _, value in sorted(pairs, key=lambda p: abs(p[0] - step))[:3]])
    now = median([value for _, value in pairs[-3:]])
    share = min(1.0, max(0.0, then))
    error = (share * (1 - share) / max(1, curve["rows"])) ** 0.5
    return bool(now >= then - error)
