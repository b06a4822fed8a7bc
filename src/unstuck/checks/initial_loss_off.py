"""The check of the same name."""

import math
from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import BINARY, call_of, moving, takes_turns
from unstuck.records import Facts, Finding, Location
from unstuck.records.loss_calls import LossCall
from unstuck.records.targets import Target


@check(
    needs={"targets", "loss_calls"},
    remedies=("output-bias-to-prior", "redraw-initialisation"),
    question="q02",
    explains={"loss-not-falling"},
)
def initial_loss_off(
    facts: Facts,
    *,
    # Below 3 are the classes of a tenth and more (.69 against .33), which need no cure.
    ratio: float = 3.0,
    # Logits of that size make probabilities below 1 %: the network is sure of what it does not know.
    saturated: float = 5.0,
    # Ten standard deviations: no usual initialisation gives that to targets of unit size.
    far: float = 100.0,
) -> Iterator[Finding]:
    """The first loss is far above that of guessing by frequency.

    ## What it does
    Compares the loss of the first step with the entropy of the classes seen, which is the loss of the
    best constant prediction.

    ## Why is this bad?
    A network that knows nothing should say so. If its first logits are large it is sure of wrong
    answers, and the first steps only undo them; sigmoid and softmax hardly pass gradients there.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 10, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    torch.nn.init.normal_(model[2].weight, std=2.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 10, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    torch.nn.init.normal_(model[2].weight, std=0.02)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    The first loss is at least `ratio` (3) times the entropy of the classes and .3 above it. Question 2:
    with 2 % positives a zero bias starts at .69 against .098, seven times; the bias of the prior starts
    at the entropy. It is a `warning` only if the root mean square of the first logits is at least `saturated`
    (5) as well, else a `note`: thirty steps make up for the bias alone. A squared error is compared
    with the variance of the targets: `far` (100) times it, ten standard deviations off, is a
    `warning` if the first predictions are larger than the targets, not the targets.

    ## When it is wrong
    Fine-tuning a network on other classes starts like this and recovers. Soft or moving targets, class
    weights and several optimizers that take turns are not judged. Regressions whose targets are large
    belong to unscaled-targets.
    """
    if takes_turns(facts):
        raise NotChecked("several optimizers take turns")
    judged = 0
    for target in facts.targets:
        site = call_of(facts, target)
        named = target["function"] in ("cross_entropy", "nll_loss", *BINARY)
        if site is not None and target["function"] == "mse_loss" and not moving(facts, target):
            found = list(_regression(target, site, far))
            if found:
                yield from found
                return
        if site is None or not named or moving(facts, target) or target["weighted"]:
            continue
        if target["kind"] in ("soft", "shared", "numbers") or site["constant"] is None:
            continue
        constant, first = site["constant"]["loss"], _first(site["values"], target["first_step"])
        if first is None or site["constant"]["targets"] < 100 or constant < 0.01:
            continue
        judged += 1
        if first < ratio * constant or first < constant + 0.3:
            continue
        rare = target["function"] in BINARY and first < 1
        size = target["first_prediction"]
        logits = "" if rare else f"; the logits have a root mean square of {size:.3g}"
        yield Finding(
            f"the first loss is {first:.3g}, {first / constant:.0f} times that of guessing by frequency "
            f"({constant:.3g}, {site['constant']['what']}){logits}",
            at=target["first_step"],
            evidence={"loss": first, "constant_loss": constant, "logits": size},
            severity="warning" if size >= saturated else "note",
            location=Location.of(site["place"]),
            remedies=("output-bias-to-prior",) if rare else (),
        )
        return
    if not judged:
        raise NotChecked("no loss of a classification with at least 100 known targets")


def _regression(target: Target, site: LossCall, far: float) -> Iterator[Finding]:
    """First predictions that are far larger than the targets."""
    constant, first = site["constant"], _first(site["values"], target["first_step"])
    size, usual = target["first_prediction"], math.hypot(target["mean"], target["std"])
    if target["kind"] != "numbers" or constant is None or constant["loss"] <= 0 or first is None:
        return
    if first < far * constant["loss"] or not size > 5 * usual:
        return
    yield Finding(
        f"the first loss is {first:.3g}, {first / constant['loss']:.0f} times the variance of the "
        f"targets ({constant['loss']:.3g}); the first predictions have a root mean square of {size:.3g}, "
        f"the targets one of {usual:.3g}",
        at=target["first_step"],
        evidence={"loss": first, "constant_loss": constant["loss"], "predictions": size},
        severity="warning",
        location=Location.of(site["place"]),
        remedies=("redraw-initialisation",),
    )


def _first(values: list[list[float]], step: int) -> float | None:
    """The loss of the line's first step, before any update; None if that was not seen."""
    if not values or step > 0 or values[0][0] != step or not math.isfinite(values[0][1]):
        return None
    return values[0][1]
