"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.data import Loader


@check(needs={"data", "modes"}, remedies=("drop-last",), question="q20")
def last_batch_of_one(facts: Facts) -> Iterator[Finding]:
    """The last batch of each epoch has one sample, and batch normalisation needs more.

    ## What it does
    Divides the number of samples of the training loader by its batch size, before it happens. A
    rest of one without `drop_last` is reported if the model has batch normalisation in training.

    ## Why is this bad?
    One sample has no variance. Without pixels, PyTorch raises "Expected more than 1 value per
    channel when training", at the end of the first epoch. With pixels one image is normalised by
    itself, and the running statistics take that in.

    ## Example
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(3201, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Linear(32, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for inputs, targets in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(3201, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Linear(32, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for inputs, targets in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True, drop_last=True):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    ```

    ## Threshold
    None: a division. Where a batch normalisation sees vectors, the epoch ends in an error. Where it
    sees images, the last update before each validation uses the statistics of a single image, and
    with the usual momentum of .1 a tenth of the running statistics is that image.

    ## When it is wrong
    A loop that leaves out batches of one by itself: setting `drop_last` says the same. Loaders for
    validation do not count, nor do loaders whose batches are made by a sampler of their own.
    """
    layers = [each for mode in facts.modes for each in mode["batch_norm"]]
    seen = [each for each in layers if each["values"] is not None]
    if not seen:
        return
    flat = any(each["values"] == each["batch"] for each in seen)
    loaders: list[Loader] = facts.data["loaders"]
    for loader in loaders:
        batch = loader["batch"]
        if not loader["trains"] or loader["last_batch"] != 1 or batch is None or batch < 2:
            continue
        ends = "PyTorch then raises an error" if flat else "it is normalised by itself"
        yield Finding(
            f"the last batch of each epoch has 1 sample ({loader['samples']} samples in batches of "
            f"{batch}) and the model normalises over the batch: {ends}",
            at=loader["first_step"],
            evidence={"samples": loader["samples"], "batch": batch, "layer": seen[0]["name"]},
            severity="warning",
            location=Location.of(loader["place"]),
        )
