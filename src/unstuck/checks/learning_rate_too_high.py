"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _trials
from unstuck.checks._registry import check
from unstuck.records import Facts, Finding


@check(
    needs={"trials"},
    remedies=("lower-learning-rate",),
    question="q01",
    explains={"learning-rate-suspect", "loss-not-falling"},
)
def learning_rate_too_high(facts: Facts) -> Iterator[Finding]:
    """The run learns with a lower learning rate, and hardly as it is.

    ## What it does
    Replays the run with learning rates from a three hundredth of its own on. It reports a lower one that
    scores clearly better with every seed, where nothing more specific does as well.

    ## Why is this bad?
    Steps that are too long jump over what they look for: the loss swings or diverges, and no number of
    steps helps (question 1).

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=3.0)
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
    The gain exceeds the margin of the replays (at least .08 of the score), half of it with every
    seed, another remedy of the same effect that is more specific does not win, and the training loss ends
    lower as well: what scores better on held-out data while it trains worse only learns less by heart.

    ## When it is wrong
    A hundred steps reward haste: a rate that is best for them can be too high for the whole run, and
    a warm-up that has only begun is not judged by them. Another cause that no replay tried, such as inputs
    that are too large, is cured by a lower rate as well.
    """
    found = _trials.wrong_rate(facts, "lower-learning-rate", "high")
    if found is not None:
        yield found
