"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _trials
from unstuck.checks._registry import check
from unstuck.records import Facts, Finding


@check(
    needs={"trials"},
    remedies=("head-first",),
    question="q17",
    experiments=("head-first",),
)
def head_not_trained(facts: Facts) -> Iterator[Finding]:
    """The last layer of a pre-trained network should have been trained first, or at all.

    ## What it does
    Where weights were loaded before the training, replays it with nothing trained but the last layer, and
    reports it if that scores clearly better.

    ## Why is this bad?
    A last layer at random sends random gradients into layers that were good: they are spoiled before it has
    learned anything (question 17). A last layer that is frozen at random makes the others learn its whims.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(1024, 32)
    learned = torch.randn(16, 32) / 4
    answer = torch.relu(x @ learned.T) @ torch.randn(16)
    y = (answer > answer.median()).long()
    model = torch.nn.Sequential(torch.nn.Linear(32, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    model[0].load_state_dict({"weight": learned, "bias": torch.zeros(16)})
    model[2].requires_grad_(False)
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
    model[2].requires_grad_(True)
    groups = [{"params": model[0].parameters(), "lr": 1e-3}, {"params": model[2].parameters()}]
    optimizer = torch.optim.Adam(groups, lr=3e-2)
    for _ in range(150):
        rows = torch.randint(0, 1024, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    The gain exceeds the margin of the replays (at least .08 of the score), and half of it with every seed.

    ## When it is wrong
    Which layers were loaded is not seen, only that some were: a last layer that was loaded too can gain from
    being trained alone, where the learning rate is too high for the others. In a few hundred steps the rest
    may learn more than the last layer alone ever does. Weights that reach the model by other ways than
    `load_state_dict` are not seen.
    """
    found = _trials.compared(facts, "head-first")
    if not found.gains_clearly(_trials.margin(facts.trials)):
        return
    yield Finding(
        f"the last layer is not trained first: if only it is trained, {found.said()}",
        evidence=found.evidence(),
        severity="warning",
    )
