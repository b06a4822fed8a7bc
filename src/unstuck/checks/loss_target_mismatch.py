"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import BINARY, DISTANCES, moving, takes_turns
from unstuck.records import Facts, Finding, Location
from unstuck.records.finding import Severity
from unstuck.records.targets import Target


@check(
    needs={"targets"},
    remedies=("fit-loss-to-targets",),
    question="q15",
    explains={"loss-not-falling"},
)
def loss_target_mismatch(
    facts: Facts,
    *,
    # Rows by which a rule that holds in all of them is no accident.
    rows: int = 100,
    # The rarest class against an even share: iris 1.0, wine .8; ratings and counts stay below .3.
    even: float = 0.5,
) -> Iterator[Finding]:
    """The loss does not fit the kind of targets.

    ## What it does
    Looks at the targets of each loss. It reports squared error on numbered classes, element-wise
    binary cross-entropy on classes that exclude one another (every row has a single 1), softmax
    cross-entropy on rows with several labels, and binary cross-entropy on targets outside 0 to 1.

    ## Why is this bad?
    Squared error on class numbers makes class 1 the middle of classes 0 and 2. Softmax cannot give two
    labels more than one half each. Element-wise losses on exclusive classes learn more slowly and give
    some images no class or two (question 15: 6 % of them, softmax .3 %). Targets such as -1 let binary
    cross-entropy fall without end.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(300, 8)
    y = x[:, :4].argmax(1)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x).squeeze(1), y.float()).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(300, 8)
    y = x[:, :4].argmax(1)
    model = torch.nn.Linear(8, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    At least `rows` (100) targets. Numbered classes: all are integers, every number from 0 to K - 1 occurs
    (3 to 20 of them), the rarest with at least `even` (.5) of an even share; a `warning`. Classes that are
    less even are a `note`, unless their counts rise to one peak and fall, as those of counts and
    ratings do; so are two classes 0 and 1. Exclusive classes under an element-wise loss: each row
    has a single 1, K at least 3. Several labels: at least 10 % of the rows, each an exact 0, 1 or even
    part; soft targets (distillation, label smoothing, mixup) are not even.

    ## When it is wrong
    Ordered classes of equal size, such as quantiles, may be regressed. Detection heads use element-wise
    losses for exclusive classes on purpose. Add `# unstuck: ignore[loss-target-mismatch]` to the line.
    Least-squares adversaries (several optimizers that take turns) and targets made by a network are left
    out.
    """
    if takes_turns(facts):
        raise NotChecked("several optimizers take turns: the targets may be roles, not classes")
    judged = [t for t in facts.targets if not moving(facts, t)]
    for target in judged:
        text, severity = _judge(target, rows, even)
        if text:
            yield Finding(
                text,
                at=target["first_step"],
                evidence={
                    "kind": target["kind"],
                    "counts": target["counts"][:20],
                    "smallest": target["minimum"],
                    "largest": target["maximum"],
                    "rows": target["rows"],
                    "rows_with_several": target["several"],
                },
                severity=severity,
                location=Location.of(target["place"]),
            )
            return


def _judge(target: Target, rows: int, even: float) -> tuple[str, Severity]:
    function = target["function"]
    if function in BINARY:
        return _under_binary(target, rows)
    if function == "cross_entropy":
        return _under_softmax(target, rows)
    if function in DISTANCES and function not in ("l1_loss", "absolute difference"):
        return _under_distance(target, rows, even)
    return "", "note"


def _under_binary(target: Target, rows: int) -> tuple[str, Severity]:
    outside = target["below_zero"] + target["above_one"]
    if outside > 0.01 and target["entries"] >= rows:
        return (
            f"{target['function']} expects targets from 0 to 1, but {outside:.0%} are outside: they reach "
            f"from {target['minimum']:.4g} to {target['maximum']:.4g}",
            "error",
        )
    classes = len(target["counts"])
    flat = len(target["shape"]) == 2
    if target["kind"] == "one-hot" and classes >= 3 and target["rows"] >= rows and flat:
        return (
            f"{target['function']} judges each of {classes} outputs alone, but the classes exclude one "
            f"another: each of {target['rows']} rows has a single 1",
            "warning",
        )
    return "", "note"


def _under_softmax(target: Target, rows: int) -> tuple[str, Severity]:
    if target["rows"] < rows or target["several"] < 0.1 * target["rows"]:
        return "", "note"
    if target["kind"] not in ("multi-hot", "shared") or len(target["shape"]) != 2:
        return "", "note"
    share = target["several"] / target["rows"]
    return (
        f"cross_entropy shares one probability among the classes, but {share:.0%} of {target['rows']} rows "
        "have several labels",
        "warning",
    )


def _under_distance(target: Target, rows: int, even: float) -> tuple[str, Severity]:
    counts = target["counts"]
    if sum(counts) < rows:
        return "", "note"
    if target["kind"] == "binary" and min(counts, default=0) >= 0.1 * sum(counts):
        return (
            f"{target['function']} is used on targets that are 0 or 1 only: if they are classes, "
            "cross-entropy has the steeper gradient",
            "note",
        )
    if target["kind"] != "whole" or not 3 <= len(counts) <= 20 or not all(counts):
        return "", "note"
    text = f"{target['function']} takes class numbers for quantities: {sum(counts)} targets, all integers "
    text += f"from 0 to {len(counts) - 1}"
    if min(counts) >= even * sum(counts) / len(counts):
        return text + ", about equally often", "warning"
    return ("", "note") if _one_peak(counts) else (text, "note")


def _one_peak(counts: list[int]) -> bool:
    """Whether the counts rise to a peak and fall from there."""
    peak = counts.index(max(counts))
    rising, falling = counts[: peak + 1], counts[peak:]
    return rising == sorted(rising) and falling == sorted(falling, reverse=True)
