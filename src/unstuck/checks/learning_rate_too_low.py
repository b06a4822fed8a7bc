"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _trials
from unstuck.checks._registry import check
from unstuck.records import Facts, Finding


@check(
    needs={"trials"},
    remedies=("raise-learning-rate",),
    question="q01",
    explains={"learning-rate-suspect", "loss-not-falling"},
)
def learning_rate_too_low(facts: Facts) -> Iterator[Finding]:
    """The run learns with a higher learning rate, and next to nothing as it is.

    ## What it does
    Replays a run that learns next to nothing with learning rates up to three hundred times its own. It
    reports a higher one that scores clearly better with every seed, where nothing more specific does as
    well.

    ## Why is this bad?
    The network would learn, but not within the steps that are paid for (question 1).

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
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
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(150):
        rows = torch.randint(0, 512, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    The unchanged run scores less than .15 (0 is a constant prediction, 1 is perfect), and its loss falls by
    less than that. The gain exceeds the margin of the replays (at least .08), half of it with every seed,
    nothing more specific of the same effect wins, and the training loss ends lower as well.

    ## When it is wrong
    A hundred steps reward haste. A run that learns slowly on purpose, as fine-tuning or a long schedule
    does, and a warm-up whose rate still rises, are not tried with higher rates; one that
    begins with a plateau at a small, right rate would be told to hurry.
    """
    found = _trials.wrong_rate(facts, "raise-learning-rate", "low")
    if found is not None:
        yield found
