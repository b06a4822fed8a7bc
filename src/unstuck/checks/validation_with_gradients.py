"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.validation import Evaluation, Validation


@check(needs={"modes", "validation"}, remedies=("no-grad-in-validation",), question="q19")
def validation_with_gradients(facts: Facts) -> Iterator[Finding]:
    """Validation builds graphs that no backward pass uses.

    ## What it does
    Looks for forward passes of a trained model that build a graph which no backward pass reaches,
    and that look like an evaluation: in evaluation mode, with a loss, or with a loader of their own.

    ## Why is this bad?
    Every activation is kept until the output is gone: validation needs several times the memory,
    and takes longer. A list of such losses keeps all of it. What is learned does not change.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x, x_val = torch.randn(256, 8), torch.randn(128, 8)
    y, y_val = x[:, :3].argmax(1), x_val[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        for i in range(0, 256, 64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[i : i + 64]), y[i : i + 64]).backward()
            optimizer.step()
        print(torch.nn.functional.cross_entropy(model(x_val), y_val).item())
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x, x_val = torch.randn(256, 8), torch.randn(128, 8)
    y, y_val = x[:, :3].argmax(1), x_val[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        for i in range(0, 256, 64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[i : i + 64]), y[i : i + 64]).backward()
            optimizer.step()
        with torch.no_grad():
            print(torch.nn.functional.cross_entropy(model(x_val), y_val).item())
    ```

    ## Threshold
    None: a graph is built or not. `warning` where it happened in at least two evaluations or in
    one of several batches, else `note`.

    ## When it is wrong
    Acting with a policy, or targets made by the network itself, may build unused graphs within
    the training step: these are not reported. An evaluation that needs gradients of the input for
    itself (an attack, a saliency map) does use its graph.
    """
    validation: Validation = facts.validation
    trained = {mode["model"] for mode in facts.modes}
    evaluations = [each for each in validation["evaluations"] if each["model"] in trained]
    if not evaluations:
        raise NotChecked("no evaluation of a trained model was seen")
    by_line: dict[tuple[str, str, int], list[Evaluation]] = {}
    for each in evaluations:
        if _wastes(each):
            where = each["place"]
            key = (each["model"], where["file"] if where else "", where["line"] if where else 0)
            by_line.setdefault(key, []).append(each)
    for group in by_line.values():
        yield _finding(group)


def _wastes(each: Evaluation) -> bool:
    """Whether all its forward passes built graphs for nothing, outside the training step."""
    if not 0 < each["forwards"] == each["graphs"]:
        return False
    if each["inside"] and each["forwards"] < 3 and not each["own_loader"]:
        return False
    return bool(each["own_loader"] or each["losses"] or not each["training"])


def _finding(group: list[Evaluation]) -> Finding:
    first = group[0]
    graphs = sum(each["graphs"] for each in group)
    rows = sum(each["rows"] for each in group)
    whole = len(group) >= 2 or first["forwards"] >= 2
    return Finding(
        f"{first['model']} is evaluated with gradients on: {graphs} forward passes of {rows} samples "
        f"in {len(group)} evaluations built graphs that no backward pass used",
        at=first["step"],
        evidence={
            "model": first["model"],
            "evaluations": len(group),
            "forward_passes": graphs,
            "samples": rows,
        },
        severity="warning" if whole else "note",
        location=Location.of(first["place"]),
    )
