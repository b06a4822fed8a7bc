"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.accumulation import Accumulation
from unstuck.records.series import finite


@check(needs={"accumulation"}, remedies=("finish-last-window",), question="q08")
def last_window_dropped(
    facts: Facts,
    *,
    # A tenth of the data that is never learned from is worth a warning; a batch in a thousand not.
    share: float = 0.1,
) -> Iterator[Finding]:
    """The data end in the middle of an accumulation window.

    ## What it does
    Where several backward passes make one update, it looks at what happens when the training loader
    begins again: backward passes since the last update belong to a window that was cut.

    ## Why is this bad?
    If the gradients are cleared at the start of an epoch, the last batches of every epoch are
    computed and thrown away. If they are not, they are added to the first window of the next epoch,
    which is then larger than the others.

    ## Example
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(224, 8)
    y = x[:, :3].argmax(1)
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        optimizer.zero_grad()
        for i, (inputs, targets) in enumerate(loader):
            (torch.nn.functional.cross_entropy(model(inputs), targets) / 4).backward()
            if (i + 1) % 4 == 0:
                optimizer.step()
                optimizer.zero_grad()
    ```
    Use instead:
    ```python
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(224, 8)
    y = x[:, :3].argmax(1)
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        optimizer.zero_grad()
        for i, (inputs, targets) in enumerate(loader):
            (torch.nn.functional.cross_entropy(model(inputs), targets) / 4).backward()
            if (i + 1) % 4 == 0 or i + 1 == len(loader):
                optimizer.step()
                optimizer.zero_grad()
    ```

    ## Threshold
    `warning` where at least a `share` (.1) of the batches of an epoch is thrown away, else `note`.

    ## When it is wrong
    With shuffling, other samples are left out each time, and a small share does no harm: that is
    why it is a note. Without a loader of PyTorch
    only windows that are cleared are seen.
    """
    seen: Accumulation = facts.accumulation
    usual, _ = max(finite(seen["windows"]), key=lambda pair: pair[1], default=(0.0, 0.0))
    if usual < 2:
        return
    if not seen["epochs"] and not seen["cut"]:
        raise NotChecked("no second pass over a loader was seen")
    cut = [each for each in seen["cut"] if each["passes"] < usual]
    if not cut:
        return
    first, batches = cut[0], seen["batches"]
    thrown = [each["passes"] for each in cut if each["cleared"]]
    used = sum(passes * count for passes, count in finite(seen["windows"]))
    part = thrown[0] / batches if thrown and batches else sum(thrown) / max(1, used + sum(thrown))
    of = f" of {batches}" if batches else ""
    if thrown:
        what = f"the last {thrown[0]}{of} batches of each epoch are computed and thrown away"
    else:
        what = (
            f"the last {first['passes']}{of} batches of an epoch are added to the next one's first"
        )
    yield Finding(
        f"{what}: an update takes {usual:g} backward passes and the data end in between",
        at=first["step"],
        evidence={
            "passes_for_an_update": usual,
            "batches": batches,
            "left_over": first["passes"],
            "epochs_cut": len(cut),
        },
        severity="warning" if part >= share else "note",
        location=Location.of(seen["place"]),
    )
