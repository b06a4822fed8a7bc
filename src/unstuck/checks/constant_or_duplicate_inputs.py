"""The check of the same name."""

from collections.abc import Iterator
from typing import Any

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.data import Loader
from unstuck.records.inputs import Argument


@check(
    needs={"inputs", "data"},
    remedies=("check-dataset",),
    explains={"loss-not-falling"},
)
def constant_or_duplicate_inputs(
    facts: Facts,
    *,
    # Fewer looks or steps may be the start of a game, or a warm-up.
    looks: int = 3,
    steps: int = 8,
) -> Iterator[Finding]:
    """The model sees the same input over and over.

    ## What it does
    Compares the rows of a batch at the sampled steps, and the batches of successive steps. It
    reports a model all of whose inputs have equal rows, and a batch that never changes although
    a loader with more batches is there.

    ## Why is this bad?
    From equal inputs a network can learn one answer only, the mean of the targets. From one batch it
    learns that batch by heart.

    ## Example
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=32)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = iter(loader)
    for step in range(24):
        inputs, targets = next(iter(loader))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(1024, 8)
    loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=32)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = iter(loader)
    for step in range(24):
        inputs, targets = next(batches)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()
    ```

    ## Threshold
    All rows equal in each of at least `looks` (3) closer looks, for every input of the model; it is an
    `error` when the targets are known to differ, else a `note`. The same batch in each of at least
    `steps` (8) steps while a loader of the same batch size offers more: a `warning` when the loader is
    begun anew for the steps, a `note` when it was asked once (a batch overfitted on purpose).

    ## When it is wrong
    Training on the whole data at once is healthy and not reported, nor is an input beside others
    that vary, such as a zero initial state. A model that learns a constant from a dummy input is
    reported: add `# unstuck: ignore[constant-or-duplicate-inputs]` to the line.
    """
    arguments = [each for each in facts.inputs["arguments"] if not each["made"]]
    judged = [each for each in arguments if each["looks"] >= looks or each["steps"] >= steps]
    if not judged:
        raise NotChecked("too few batches with several rows were seen")
    for model in dict.fromkeys(each["model"] for each in judged):
        own = [each for each in facts.inputs["arguments"] if each["model"] == model]
        if all(not e["made"] and e["looks"] >= looks and e["same_rows"] == e["looks"] for e in own):
            yield _same_rows(facts, model, own[0])
            return
        if all(not e["made"] and e["steps"] >= steps and e["distinct"] == 1 for e in own):
            loader = _loader(facts.data, own)
            if loader is not None:
                yield _same_batch(model, own[0], loader)
                return


def _same_rows(facts: Facts, model: str, argument: Argument) -> Finding:
    several = [
        t for t in facts.targets or () if t["std"] > 0 or sum(c > 0 for c in t["counts"]) > 1
    ]
    text = (
        f"all rows that {model} receives are equal to one another, in {argument['looks']} batches "
    )
    text += "looked at"
    if argument["constant"] == argument["looks"]:
        text += f": every entry is {argument['value']:.4g}"
    if several:
        text += "; the targets differ"
    return Finding(
        text,
        at=0,
        evidence={"looks": argument["looks"], "shape": argument["shape"]},
        severity="error" if several else "note",
        location=Location.of(argument["place"]),
    )


def _loader(data: Any, own: list[Argument]) -> Loader | None:
    """A loader that makes batches of this size, and more than one."""
    for loader in data["loaders"]:
        fits = any(each["shape"][:1] == [loader["batch"]] for each in own)
        if fits and (loader["batches"] or 0) > 1:
            found: Loader = loader
            return found
    return None


def _same_batch(model: str, argument: Argument, loader: Loader) -> Finding:
    anew = loader["epochs"] >= 0.5 * argument["steps"]
    text = (
        f"{model} receives the same batch at each of {argument['steps']} steps, while the loader "
    )
    text += f"has {loader['batches']} batches"
    if anew:
        text += f"; it was begun anew {loader['epochs']} times"
    return Finding(
        text,
        at=0,
        evidence={"steps": argument["steps"], "loader": dict(loader)},
        severity="warning" if anew else "note",
        location=Location.of(loader["place"] or argument["place"]),
    )
