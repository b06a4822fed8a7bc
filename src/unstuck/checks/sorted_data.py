"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sites import DISTANCES, moving, takes_turns
from unstuck.records import Facts, Finding, Location
from unstuck.records.finding import Place
from unstuck.records.targets import Target


@check(
    needs={"targets"},
    remedies=("shuffle",),
    explains={"loss-not-falling"},
)
def sorted_data(
    facts: Facts,
    *,
    # Shuffled data stays below .45 for up to 1,000 classes in groups of 32; two adversaries that
    # take turns reach .54; sorted classes give .9 and more.
    separation: float = 0.7,
    windows: int = 8,
    # Samples of one class in a row that shuffled data does not show.
    samples: int = 500,
) -> Iterator[Finding]:
    """The training data comes sorted by its targets.

    ## What it does
    Groups the targets in the order of training, at least 32 samples a group, and compares the mix
    of classes within the groups with that of all. For numbers it looks whether they rise or
    fall from sample to sample.

    ## Why is this bad?
    Each stretch teaches the network its one class and unlearns the others; the loss of the moment is
    low, that of the whole is not. Gradients of such batches are no estimate of the whole gradient.

    ## Example
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    y = torch.arange(4).repeat_interleave(160)
    x = torch.randn(640, 8) + 2 * torch.nn.functional.one_hot(y, 8)
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=False)
    model = torch.nn.Linear(8, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        for inputs, targets in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
    ```
    Use instead:
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    y = torch.arange(4).repeat_interleave(160)
    x = torch.randn(640, 8) + 2 * torch.nn.functional.one_hot(y, 8)
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    model = torch.nn.Linear(8, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        for inputs, targets in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
    ```

    ## Threshold
    At least `windows` groups (8). `separation` (.7): one minus the mean entropy within the groups over the
    entropy of all, corrected for small groups (Miller and Madow 1955); computed for shuffled classes
    it is at most .45, for sorted ones .9 and more. With a sequential loader also `samples` (500)
    samples of a single class. Numbers: 99 % of all neighbours in order and 90 % of the variance between
    the groups; a sequential loader with 80 % of the variance between groups is only a `note`.

    ## When it is wrong
    Classes learned one after another on purpose (continual learning, curricula): add
    `# unstuck: ignore[sorted-data]` to the line. Training on the whole data at once is never
    reported. Several optimizers that take turns, targets made by a network, and dense targets such as the
    pixels of a segmentation are not judged.
    """
    if takes_turns(facts):
        raise NotChecked("several optimizers take turns: pure batches may be meant")
    judged = [t for t in facts.targets if not moving(facts, t) and len(t["shape"]) < 3]
    if not any(target["windows"] >= windows for target in judged):
        raise NotChecked(f"fewer than {windows} groups of targets were seen")
    for target in judged:
        if target["windows"] < windows:
            continue
        loader = _sequential(facts, target)
        text, severity = _judge(target, loader is not None, separation, samples)
        if text:
            yield Finding(
                text,
                at=target["first_step"],
                evidence={
                    "separation": target["separation"],
                    "between": target["between"],
                    "groups": target["windows"],
                    "counts": target["counts"][:20],
                },
                severity="warning" if severity else "note",
                location=Location.of(loader or target["place"]),
            )
            return


def _judge(target: Target, sequential: bool, separation: float, samples: int) -> tuple[str, bool]:
    """What was seen, empty if nothing; and whether it is more than a note."""
    seen, classes = target["separation"], [n for n in target["counts"] if n]
    groups = f"{target['windows']} groups of samples in the order of training"
    if seen is not None and seen >= separation and len(classes) > 1:
        return (
            f"the classes come in runs: in {groups} the classes are {seen:.0%} separated, "
            f"while {len(classes)} classes were seen",
            True,
        )
    alone = target["kind"] == "classes" and len(classes) == 1 < len(target["counts"])
    if alone and sequential and len(target["shape"]) == 1 and sum(classes) >= samples:
        number = next(place for place, count in enumerate(target["counts"]) if count)
        return (
            f"all {sum(classes)} samples so far are of class {number} of {len(target['counts'])}, and the "
            "loader gives the data in its own order",
            True,
        )
    between, order = target["between"], target["ascending"]
    if target["function"] in DISTANCES and between is not None and order is not None:
        if between >= 0.9 and order >= 0.99:
            return (
                f"the targets come in order of size: {order:.1%} of the neighbours in a batch",
                True,
            )
        if between >= 0.8 and sequential:
            return (
                f"{between:.0%} of the variance of the targets lies between {groups}; the loader "
                "gives the data in its own order",
                False,
            )
    return "", False


def _sequential(facts: Facts, target: Target) -> Place | None:
    """The place of a loader that does not shuffle; None if there is none."""
    loaders = facts.data["loaders"] if facts.data is not None else []
    batch = target["prediction_shape"][:1]
    fitting = [each for each in loaders if [each["batch"]] == batch]
    if fitting and all(each["sampler"] == "SequentialSampler" for each in fitting):
        place: Place | None = fitting[0]["place"]
        return place
    return None
