"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.modes import BatchNormLayer


@check(
    needs={"modes"},
    remedies=("add-group-norm", "larger-batch"),
    question="q20",
    explains={"loss-not-falling"},
)
def tiny_batch_with_batch_norm(
    facts: Facts,
    *,
    # Question 20: evaluation accuracy .22 at a batch of 2, .80 at 4, .92 at 16.
    samples: int = 4,
    values: int = 8,
) -> Iterator[Finding]:
    """Batch normalisation has too few values to take a mean of.

    ## What it does
    Reads from the autograd graph how many numbers each batch normalisation had behind the mean and
    the variance of a channel: samples, times pixels for images.

    ## Why is this bad?
    The mean of a few values is mostly noise: every prediction depends on its neighbours in the
    batch, gradients are noisy, and the running statistics used in evaluation fit no batch of
    training. Accumulating gradients does not help, because each small batch is normalised alone.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Linear(32, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(40):
        batch = torch.randint(0, 256, (2,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Linear(32, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(40):
        batch = torch.randint(0, 256, (32,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    ```

    ## Threshold
    `warning` for at most `samples` (4) samples without pixels, or at most `values` (8) numbers for
    each channel; `note` for at most two images. Question 20 measured an accuracy of .22 in
    evaluation mode at a batch of 2, .80 at 4, .92 at 16, against .86 to .93 with LayerNorm. Wu and
    He 2018 (*Group Normalization*) see the error rise from 16 images down, most at 2.

    ## When it is wrong
    The usual batch counts, not the last of an epoch. Layers in evaluation mode are not judged: that
    is how fine-tuning with small batches is done.
    """
    every: list[BatchNormLayer] = [each for mode in facts.modes for each in mode["batch_norm"]]
    layers = [(each["values"], each["batch"], each) for each in every]
    known = [(v, b, each) for v, b, each in layers if v is not None and b is not None]
    if every and not known:
        raise NotChecked("no batch normalisation in training mode was seen in a graph")
    if not known:
        return
    count, batch, layer = min(known, key=lambda found: found[0])
    flat = count == batch
    tiny = count <= values or (flat and count <= samples)
    if not tiny and batch > 2:
        return
    what = f"{batch} samples" if flat else f"{batch} samples with {count} values for each channel"
    yield Finding(
        f"{layer['name']} ({layer['kind']}) normalises over {what} at a time",
        at=0,
        evidence={"layer": layer["name"], "values_per_channel": count, "samples": batch},
        severity="warning" if tiny else "note",
        location=Location.of(layer["place"]),
    )
