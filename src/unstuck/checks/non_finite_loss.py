"""The check of the same name."""

from collections.abc import Iterator
from typing import Any

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.failure import Failure, Origin
from unstuck.records.loss import Loss
from unstuck.records.series import finite, rise

# Operations that are not finite, or have no finite derivative, at some finite value.
_POLES = ("Log", "Sqrt", "Rsqrt", "Div", "Reciprocal", "Pow", "Acos", "Asin")


@check(
    needs={"loss"},
    remedies=("lower-learning-rate", "clip-gradient-norm", "keep-in-domain"),
    question="q22",
    explains={"exploding-gradients", "learning-rate-suspect", "loss-not-falling"},
)
def non_finite_loss(facts: Facts, *, tolerated: int = 0) -> Iterator[Finding]:
    """The loss became NaN or infinite.

    ## What it does
    Looks at the loss of every training step and reports the first that is not a finite number.
    Steps count from 0. At that moment the autograd graph still holds what the operations saved: the
    first of them that made such a number is named, with its layer and the rows of the batch. If
    weights or gradients were broken before the loss, that is said instead. Norms of weights and
    gradients, recorded all along, tell from which step on they grew.

    ## Why is this bad?
    Once the loss is NaN or goes to infinity, the next update writes NaN into the weights, and they
    stay NaN: everything later is wasted.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e4)
    for _ in range(60):
        optimizer.zero_grad()
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
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None: a number is finite or it is not. When the loss is finite again at the last step seen, the
    severity is `warning`, because the weights survived; else `error`.

    ## When it is wrong
    A gradient scaler skips a few such steps on purpose (their loss is usually finite, only the
    gradients overflow). If the loss itself overflows in your mixed-precision run and training goes
    on, raise `tolerated`, the number of such steps to accept.
    """
    loss: Loss = facts.loss
    if loss["nonfinite_count"] <= tolerated or not loss["nonfinite_steps"]:
        return
    first = loss["nonfinite_steps"][0]
    before = [pair for pair in finite(loss["values"]) if pair[0] < first]
    kind = "NaN" if loss["nonfinite_kind"] == "nan" else "infinite"
    if loss["recovered"]:
        text = (
            f"the loss was {kind} at step {first}, not finite {loss['nonfinite_count']} times in all; "
            "the newest loss is finite again"
        )
    else:
        text = f"the loss is {kind} from step {first} on"
    if before and before[-1][1] > 10 * abs(before[0][1]):
        text += f", after growing from {before[0][1]:.3g} to {before[-1][1]:.3g}"
    failure: Failure | None = facts.failure
    began = _began(failure) if failure is not None and failure["began"] else ""
    yield Finding(
        f"{text}; {began}" if began else text,
        at=first,
        evidence={
            "steps": loss["nonfinite_steps"],
            "count": loss["nonfinite_count"],
            "last_finite": before[-1][1] if before else None,
            **(_evidence(failure) if failure is not None and began else {}),
        },
        severity="warning" if loss["recovered"] else "error",
        location=Location.of(loss["place"]),
        remedies=_remedies(failure) if failure is not None else (),
    )


def _began(failure: Failure) -> str:
    """What was not finite first, in words."""
    if failure["began"] == "weights":
        text = f"before it {_listed(failure)} had weights that are not finite"
        return text + _steep(failure) + _growth(failure)
    if failure["began"] == "gradient":
        text = f"at step {failure['step']} the loss was finite and the gradient of {_listed(failure)} was not"
        return text + _steep(failure) + _growth(failure)
    where = failure["origin"]
    if where is None:
        return _growth(failure).removeprefix("; ")
    layer = f" behind {where['layer']}" if where["layer"] else ""
    if where["given"]:
        text = f"what the {where['operation']}{layer} receives from outside is not finite already"
    else:
        text = f"the first result that is not finite is that of the {where['operation']}{layer}"
    return text + _rows(where) + _growth(failure)


def _steep(failure: Failure) -> str:
    """Operations whose derivative may have made a gradient that is not finite."""
    names = failure["suspects"]
    return f" (the derivative of {' or '.join(names)} can be infinite)" if names else ""


def _listed(failure: Failure) -> str:
    names = failure["broken"][:2]
    more = failure["broken_count"] - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _rows(where: Origin) -> str:
    rows = where["rows"]
    if not rows:
        return ""
    shown = ", ".join(str(row) for row in rows[:5]) + (", ..." if len(rows) > 5 else "")
    return f", in row{'s' if len(rows) > 1 else ''} {shown} of the {where['batch']} of the batch"


def _growth(failure: Failure) -> str:
    """From when on the norms had been growing, before the failure."""
    for name in ("gradient", "weight"):
        norms = failure["gradient_norms"] if name == "gradient" else failure["weight_norms"]
        began = rise([pair for pair in norms if pair[0] <= failure["step"]])
        if began is not None and began < failure["step"]:
            return f"; the norm of the {name}s had been growing since step {began:.0f}"
    return ""


def _evidence(failure: Failure) -> dict[str, Any]:
    where = failure["origin"]
    seen: dict[str, Any] = {"began_with": failure["began"], "not_finite": failure["broken"]}
    if where is not None:
        seen |= {
            "operation": where["node"],
            "layer": where["layer"],
            "rows": where["rows"],
            "smallest_entering": where["minimum"],
            "largest_entering": where["maximum"],
        }
    return seen | {"gradient_norms": failure["gradient_norms"][-20:]}


def _remedies(failure: Failure) -> tuple[str, ...]:
    """A pole of a function is not mended by a lower learning rate."""
    where = failure["origin"]
    if where is not None and where["given"]:
        return ("clean-inputs",)
    at_a_pole = where is not None and where["node"].startswith(_POLES) and not where["given"]
    if at_a_pole or failure["suspects"]:
        return ("keep-in-domain", "clip-gradient-norm", "lower-learning-rate")
    return ()
