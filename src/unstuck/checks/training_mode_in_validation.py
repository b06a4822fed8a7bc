"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.validation import Evaluation, Validation


@check(needs={"modes", "validation"}, remedies=("set-mode",), question="q20")
def training_mode_in_validation(facts: Facts) -> Iterator[Finding]:
    """A model is evaluated in training mode.

    ## What it does
    Looks at the forward passes that no backward pass reaches. If they evaluate a model that is
    trained, and dropout or batch normalisation in it is in training mode in all of them, it is
    reported.

    ## Why is this bad?
    Dropout removes units at random, so that the measured loss is too high and differs from call to
    call; batch normalisation normalises each batch by itself, so that a prediction depends on its
    neighbours. Worse, its running statistics learn the validation data.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x, x_val = torch.randn(256, 8), torch.randn(128, 8)
    y, y_val = x[:, :3].argmax(1), x_val[:, :3].argmax(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(32, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        model.train()
        for i in range(0, 256, 64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[i : i + 64]), y[i : i + 64]).backward()
            optimizer.step()
        with torch.no_grad():
            print(torch.nn.functional.cross_entropy(model(x_val), y_val).item())
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x, x_val = torch.randn(256, 8), torch.randn(128, 8)
    y, y_val = x[:, :3].argmax(1), x_val[:, :3].argmax(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(32, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        model.train()
        for i in range(0, 256, 64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[i : i + 64]), y[i : i + 64]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            print(torch.nn.functional.cross_entropy(model(x_val), y_val).item())
    ```

    ## Threshold
    None: a mode is set or not. Forward passes count as an evaluation when a loss function is called
    on their output, when their batches come from a loader that no training uses, or when a model
    with active dropout sees at least 16 samples at a time outside the training step.

    ## When it is wrong
    Several passes of the same input with dropout (Monte Carlo dropout, Gal and Ghahramani 2016),
    forward passes that only estimate running statistics again, a generator that draws samples, and
    pseudo-labels made within the step are healthy and not reported. Where only some parts are in
    training mode and the model as a whole is not, that is taken to be on purpose.
    """
    validation: Validation = facts.validation
    trained = {mode["model"] for mode in facts.modes}
    several = len(facts.modes) > 1
    evaluations = [each for each in validation["evaluations"] if each["model"] in trained]
    if not evaluations:
        raise NotChecked("no evaluation of a trained model was seen")
    steps = max(1, max(mode["steps"] for mode in facts.modes))
    by_line: dict[tuple[str, str, int], list[Evaluation]] = {}
    for each in evaluations:
        where = each["place"]
        key = (each["model"], where["file"] if where else "", where["line"] if where else 0)
        by_line.setdefault(key, []).append(each)
    for group in by_line.values():
        usual = len(group) >= 0.5 * steps
        if all(_stirred(each) for each in group) and any(
            _evaluates(each, often=usual, several=several) for each in group
        ):
            yield _finding(group)


def _stirred(each: Evaluation) -> bool:
    """Whether the model as a whole was in training mode and something in it cared."""
    return 0 < each["forwards"] == each["noisy"] == each["training"]


def _evaluates(each: Evaluation, *, often: bool, several: bool) -> bool:
    """Whether it looks like a measurement, not like a part of the training step."""
    if each["inside"] and each["forwards"] < 3 and not each["own_loader"]:
        return False
    if each["repeated"] and not each["losses"]:
        return False
    if each["losses"] or (each["own_loader"] and not several):
        return True
    size = each["rows"] / max(1, each["forwards"])
    alone = not each["graphs"] and not often and not several and bool(each["update"])
    return alone and size >= 16 and "dropout" in each["noise"]


def _finding(group: list[Evaluation]) -> Finding:
    first = group[0]
    noise = " and ".join(sorted({kind for each in group for kind in each["noise"]}))
    text = f"{first['model']} is evaluated in training mode, with active {noise}"
    if len(group) > 1:
        text += f", in all {len(group)} evaluations from this line"
    return Finding(
        text,
        at=first["step"],
        evidence={
            "model": first["model"],
            "evaluations": len(group),
            "active": sorted({kind for each in group for kind in each["noise"]}),
        },
        severity="warning",
        location=Location.of(first["place"]),
    )
