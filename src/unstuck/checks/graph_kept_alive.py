"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.kept_graphs import KeptGraphs


@check(needs={"kept_graphs"}, remedies=("detach-stored-loss",), question="q19")
def graph_kept_alive(
    facts: Facts,
    *,
    # Five looks: fewer could be one exception, one epoch's last loss, one line of history.
    graphs: int = 5,
    # Nine in ten: a reference cycle that Python has not collected yet keeps some, not all.
    share: float = 0.9,
) -> Iterator[Finding]:
    """The graphs of earlier steps are still in memory.

    ## What it does
    Marks the autograd node of the loss at some steps and looks whether the marked nodes are still
    there more than three steps later. If nearly all are, it is reported.

    ## Why is this bad?
    A loss that is stored with its graph (`losses.append(loss)`, `total += loss`) keeps every node
    of its step: a memory leak that grows with each step until the script is out of memory. If a
    loss without a backward pass is stored, all its activations stay as well.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    total = 0.0
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    total = 0.0
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    ```

    ## Threshold
    At least `graphs` (5) marked steps, all more than three steps old, of which a `share` of .9 is
    alive at the same time. There is no number between: a loop keeps its losses or it does not.

    ## When it is wrong
    Backpropagation through many steps on purpose: meta-learning, unrolled optimizers. A short
    history of a fixed length also holds its graphs, without growing.
    """
    kept: KeptGraphs = facts.kept_graphs
    old = [each for each in kept["counts"] if each["marked"] >= graphs]
    if not old:
        raise NotChecked(f"fewer than {graphs} steps could be looked at again later")
    full = [each for each in old if each["alive"] >= share * each["marked"]]
    if not full:
        return
    most = max(full, key=lambda each: each["alive"])
    step, marked, alive = most["step"], most["marked"], most["alive"]
    yield Finding(
        f"at step {step} the graphs of {alive} of {marked} earlier steps that were marked are still "
        "in memory: a loss or an output is kept without detach()",
        at=step,
        evidence={"step": step, "marked": marked, "alive": alive},
        severity="warning",
        location=Location.of(kept["place"]),
    )
