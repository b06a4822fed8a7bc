"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _training
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.clipping import ClipLine
from unstuck.records.finding import Severity
from unstuck.records.series import finite, median

# Their updates do not change when all gradients are multiplied by one number.
_SCALE_FREE = (
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Rprop",
)


@check(
    needs={"clipping"},
    remedies=("raise-clipping-threshold", "clip-gradient-norm"),
    question="q22",
    explains={"exploding-gradients", "learning-rate-suspect", "loss-not-falling"},
)
def clipping_misused(
    facts: Facts,
    *,
    # Fewer calls may be the first, irregular steps.
    calls: int = 5,
    # A hundredth: recipes that clip at every step by design (norm 1 in language models) cut to a
    # third or a tenth.
    left: float = 0.01,
) -> Iterator[Finding]:
    """Gradients are clipped at the wrong moment, on the wrong parameters, or to almost nothing.

    ## What it does
    Watches each line that calls `clip_grad_norm_` or `clip_grad_value_`: whether a backward pass came
    between the last update and it, whether it is given the parameters that the optimizer then updates,
    and how much it leaves of the gradient.

    ## Why is this bad?
    Before `backward()` and after `step()` there is nothing to clip, and the updates are as large as
    without it. With the parameters of another model, or a generator that was used up, it does nothing
    either. A threshold far below every norm makes the threshold the learning rate, and with plain SGD
    training becomes slow.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # nothing to clip yet
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
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    ```

    ## Threshold
    At least `calls` calls (5), and 90 % of them at fault. By norm: the threshold is below `left` (1 %)
    of the norm. By value: 90 % of the entries are cut, which leaves little but their signs (question
    22: direction kept to .75 where half are cut). That is a `note` with optimizers like Adam, which
    divide the size out, and while the loss falls by a quarter; else a `warning`.

    ## When it is wrong
    Normalised gradient descent clips every step on purpose. Under a gradient scaler, norms are seen
    multiplied by the scale unless `unscale_` is called first: then the finding is right.
    """
    if not any(line["calls"] >= calls for line in facts.clipping):
        raise NotChecked(f"clipped fewer than {calls} times")
    for line in facts.clipping:
        if line["calls"] >= calls:
            fault = _without_effect(line) or _too_small(line, left)
            if fault is not None:
                yield _finding(facts, line, fault)


def _without_effect(line: ClipLine) -> str | None:
    if line["early"] >= 0.9 * line["calls"]:
        return (
            f"{line['function']} is called with no backward pass since the last update ({line['early']} "
            f"of {line['calls']} calls): it belongs between backward() and step()"
        )
    if line["empty"] >= 0.9 * line["calls"] or (
        line["empty"] and line["empty"] == line["calls"] - 1
    ):
        return (
            f"{line['function']} is given no parameter that has a gradient ({line['empty']} of "
            f"{line['calls']} calls)"
        )
    if len(line["covered"]) >= 3 and max(line["covered"]) == 0:
        return f"{line['function']} is given none of the parameters that are then updated"
    return None


def _too_small(line: ClipLine, left: float) -> str | None:
    norms = [norm for _, norm in finite(line["norms"])]
    if line["function"] == "clip_grad_norm_" and len(norms) >= 5:
        small = [norm for norm in norms if norm > 0 and line["threshold"] < left * norm]
        if len(small) >= 0.9 * len(norms):
            usual = median(norms)
            return (
                f"clipping to a norm of {line['threshold']:.3g} leaves {line['threshold'] / usual:.1g} "
                f"of the gradient (median norm {usual:.3g}) at nearly every step"
            )
    cut = [share for _, share in finite(line["cut"])]
    if len(cut) >= 3 and median(cut) >= 0.9:
        return (
            f"clipping to values of {line['threshold']:.3g} cuts {median(cut):.0%} of the entries: "
            "little but their signs is left"
        )
    return None


def _finding(facts: Facts, line: ClipLine, fault: str) -> Finding:
    severity: Severity = "warning"
    fell = _training.fall(_training.losses(facts))
    if not _without_effect(line) and (
        line["optimizer"] in _SCALE_FREE or (fell is not None and fell > 0.25)
    ):
        severity = "note"
    return Finding(
        fault,
        at=0,
        evidence={
            "threshold": line["threshold"],
            "calls": line["calls"],
            "early": line["early"],
            "empty": line["empty"],
            "norms": line["norms"][:10],
        },
        severity=severity,
        location=Location.of(line["place"]),
    )
