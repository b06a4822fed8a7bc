"""The check of the same name."""

from collections.abc import Iterator
from dataclasses import dataclass

from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import BINARY, moving, takes_turns
from unstuck.records import Facts, Finding, Location
from unstuck.records.predictions import Prediction
from unstuck.records.targets import Target


@dataclass(frozen=True)
class _Seen:
    """The rare classes in one source of predictions; ``recall`` is None where truth is unknown."""

    source: Prediction
    recall: float | None
    predicted: int
    accuracy: float | None


@check(
    needs={"targets"},
    remedies=("move-threshold", "weigh-classes", "resample-classes"),
    question="q21",
    explains={"initial-loss-off"},
)
def class_imbalance(
    facts: Facts,
    *,
    # SageMaker Debugger's ClassImbalance: the largest class over the smallest, after 500 labels.
    ratio: float = 10.0,
    labels: int = 500,
    # Question 21: an unweighted network finds 0 to 5 % of the rare class, a weighted one 42 %.
    recall: float = 0.05,
    steps: int = 60,
) -> Iterator[Finding]:
    """A rare class is never found, while the accuracy looks good.

    ## What it does
    Counts the classes of the targets. If one is much rarer than another, it looks at the predictions
    in validation (where a loss function or a model is called without gradients): how many of the rare
    class are found. Without validation it looks at the newest batches of training.

    ## Why is this bad?
    With unbalanced classes, 97 % of the samples in one, always saying that class is right 97 % of
    the time. The rare class is usually the one that matters.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    y = (torch.rand(2000, 1) < 0.04).float()
    x = torch.randn(2000, 8) + 0.3 * y
    weight = None
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(120):
        rows = torch.randint(0, 1500, (64,))
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        loss(model(x[rows]), y[rows], pos_weight=weight).backward()
        optimizer.step()
    with torch.no_grad():
        loss(model(x[1500:]), y[1500:])
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    y = (torch.rand(2000, 1) < 0.04).float()
    x = torch.randn(2000, 8) + 0.3 * y
    weight = torch.tensor([20.0])
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(120):
        rows = torch.randint(0, 1500, (64,))
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        loss(model(x[rows]), y[rows], pos_weight=weight).backward()
        optimizer.step()
    with torch.no_grad():
        loss(model(x[1500:]), y[1500:])
    ```

    ## Threshold
    The largest class has at least `ratio` (10) times the samples of the smallest, after `labels` (500):
    the defaults of SageMaker Debugger. A `warning` if at most `recall` (.05) of at least 10 rare samples
    were found in validation, at step `steps` (60) or later; question 21 saw 0 without and .42 with
    weights. Without validation, or earlier, it is a `note`, and nothing if the loss is weighted or the rare
    class is found in training.

    ## When it is wrong
    Where only the ranking is used, the threshold of one half does not matter; at step 60 a slow network
    may still come to the rare class. More than 20 classes, dense targets such as pixels, and
    several optimizers that take turns are not judged.
    """
    if takes_turns(facts):
        raise NotChecked("several optimizers take turns")
    judged = [t for t in facts.targets if _is_judged(t) and not moving(facts, t)]
    if not judged:
        raise NotChecked("no classification of up to 20 classes, one class a sample")
    for target in judged:
        counts = target["counts"]
        seen = [count for count in counts if count]
        if sum(seen) < labels or len(seen) < 2 or max(seen) < ratio * min(seen):
            continue
        finding = _finding(facts, target, ratio, recall, steps)
        if finding is not None:
            yield finding
        return


def _is_judged(target: Target) -> bool:
    if target["kind"] == "classes":
        return len(target["shape"]) == 1 and len(target["counts"]) <= 20
    return target["kind"] == "binary" and target["function"] in BINARY


def _finding(
    facts: Facts, target: Target, ratio: float, recall: float, steps: int
) -> Finding | None:
    counts = target["counts"]
    largest = max(counts)
    rare = [place for place, n in enumerate(counts) if n and n * ratio <= largest]
    sources = facts.predictions or []
    validation = _seen(sources, ("validation", "outputs"), counts, rare)
    text = f"class {min(rare, key=lambda place: counts[place])} is rare: {min(counts[p] for p in rare)} of "
    text += f"{sum(counts)} targets against {largest} of class {counts.index(largest)}"
    severity = "note"
    if validation is not None:
        late = validation.source["step"] >= steps
        found = validation.recall if validation.recall is not None else None
        if (found is not None and found > recall) or (found is None and validation.predicted):
            return None
        severity = "warning" if late else "note"
        text += f"; in validation at step {validation.source['step']} "
        if found is None:
            text += f"the rare class is predicted for 0 of {validation.source['samples']} samples"
        else:
            text += f"{found:.0%} of the rare samples are found, while the accuracy is "
            text += f"{validation.accuracy or 0:.1%}"
    else:
        training = _seen(sources, ("training",), counts, rare)
        if target["weighted"] or (training is not None and (training.recall or 0) > 0.3):
            return None
        text += "; no validation was seen"
    return Finding(
        text,
        at=validation.source["step"] if validation is not None else target["first_step"],
        evidence={
            "counts": counts,
            "predicted": validation.source["predicted"][:20] if validation else None,
            "recall": validation.recall if validation else None,
        },
        severity="warning" if severity == "warning" else "note",
        location=Location.of(target["place"]),
    )


def _seen(
    sources: list[Prediction], kinds: tuple[str, ...], counts: list[int], rare: list[int]
) -> _Seen | None:
    """The rare classes in the first source that holds enough of them."""
    whole = sum(counts)
    share = sum(counts[place] for place in rare) / whole
    for kind in kinds:
        for source in sources:
            predicted, truth = source["predicted"], source["counts"]
            hits = source["hits"]
            if source["source"] != kind or len(predicted) != len(counts):
                continue
            found: int = sum(predicted[place] for place in rare)
            if sum(truth) and len(truth) == len(hits) and len(hits) == len(counts):
                there = sum(truth[place] for place in rare)
                if there >= 10:
                    right = sum(hits[place] for place in rare) / there
                    return _Seen(source, right, found, sum(hits) / sum(truth))
            elif not truth and share * source["samples"] >= 10:
                return _Seen(source, None, found, None)
    return None
