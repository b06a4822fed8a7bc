"""The check of the same name."""

from collections.abc import Iterator
from statistics import fmean

from unstuck.checks import _trials
from unstuck.checks._registry import check
from unstuck.records import Facts, Finding


@check(
    needs={"trials"},
    remedies=("fresh-start",),
    question="q16",
    experiments=("fresh-start",),
)
def pre_training_useless(
    facts: Facts,
    *,
    # Below it a run learns next to nothing, and says nothing of where it began.
    learned: float = 0.15,
) -> Iterator[Finding]:
    """Fresh weights do as well as those that were loaded.

    ## What it does
    Where weights were loaded before the training, replays it with all weights drawn anew, and compares.

    ## Why is this bad?
    Weights of an unrelated task help nothing and can harm; a file that was loaded into the wrong layers, or
    was never trained, looks the same. Question 16: pre-training gained 13 points with related data, nothing
    with others.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(1024, 32)
    learned = torch.randn(16, 32) / 4
    answer = torch.relu(x @ learned.T) @ torch.randn(16)
    y = (answer > answer.median()).long()
    model = torch.nn.Sequential(torch.nn.Linear(32, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    model[0].load_state_dict({"weight": torch.randn(16, 32), "bias": torch.zeros(16)})
    groups = [{"params": model[0].parameters(), "lr": 1e-3}, {"params": model[2].parameters()}]
    optimizer = torch.optim.Adam(groups, lr=3e-2)
    for _ in range(150):
        rows = torch.randint(0, 1024, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(1024, 32)
    learned = torch.randn(16, 32) / 4
    answer = torch.relu(x @ learned.T) @ torch.randn(16)
    y = (answer > answer.median()).long()
    model = torch.nn.Sequential(torch.nn.Linear(32, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    model[0].load_state_dict({"weight": learned, "bias": torch.zeros(16)})
    groups = [{"params": model[0].parameters(), "lr": 1e-3}, {"params": model[2].parameters()}]
    optimizer = torch.optim.Adam(groups, lr=3e-2)
    for _ in range(150):
        rows = torch.randint(0, 1024, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    With each seed fresh weights score more than those that were loaded, and more than `learned` (.15) on
    average (0 is a constant prediction, 1 is perfect).

    ## When it is wrong
    A checkpoint of this very training that is resumed is no pre-training, though it hardly ever loses to
    fresh weights. With much data the gain of pre-training vanishes (question 16). Where the loaded part
    is frozen, more is changed than where it began: fresh weights are all trained. Weights that reach the
    model by other ways than `load_state_dict` are not seen.
    """
    found = _trials.compared(facts, "fresh-start")
    if not found.gains_with_every_seed(0.0) or fmean(found.after) <= learned:
        return
    yield Finding(
        f"what was learned before the training does not help: with fresh weights {found.said()}",
        evidence=found.evidence(),
        severity="note",
    )
