"""The check of the same name."""

from collections.abc import Iterator
from statistics import fmean

from unstuck.checks import _trials
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding


@check(
    needs={"trials"},
    remedies=("linear-model",),
    question="q14",
    experiments=("linear-model",),
)
def linear_is_enough(
    facts: Facts,
    *,
    # A learning rate three percent higher, which should not matter, moves scores by about .01.
    tolerance: float = 0.02,
    # A network that has not begun to learn is no measure of what the data need.
    learned: float = 0.3,
) -> Iterator[Finding]:
    """A linear model does as well as the network.

    ## What it does
    Replays the run with a linear map from the inputs to the outputs in place of the network, trained by
    the same optimizer on the same batches, and compares their scores.

    ## Why is this bad?
    It is not a fault. But layers that add nothing cost time and data, and hide that the data ask for no
    more than a plane between the classes (question 14).

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = (x[:, 0] + x[:, 1] + 0.5 * torch.randn(512) > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    for _ in range(150):
        rows = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    for _ in range(150):
        rows = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    With each seed the linear model scores at least as much as the network less `tolerance` (.02, about
    what a change that should not matter moves), and the network more than `learned` (.3; 0 is a constant
    prediction, 1 is perfect).

    ## When it is wrong
    A hundred steps are the beginning: a network that needs more of them may pass the linear model later.
    The linear model is trained at the network's learning rate, which may be wrong for it: then
    this stays silent. With more inputs than samples everything can be separated linearly.
    """
    if facts.layers is not None and 0 < len(facts.layers["nodes"]) < 2:
        raise NotChecked("the network has a single layer")
    found = _trials.compared(facts, "linear-model")
    if fmean(found.before) <= learned or not found.gains_with_every_seed(-tolerance):
        return
    yield Finding(
        f"a linear model does as well as the network: {found.said()}",
        evidence=found.evidence(),
        severity="note",
    )
