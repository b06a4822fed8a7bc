"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _trials
from unstuck.checks._registry import check
from unstuck.records import Facts, Finding


@check(
    needs={"trials"},
    remedies=("lower-backbone-rate",),
    question="q17",
    explains={"head-not-trained"},
    experiments=("lower-backbone-rate",),
)
def fine_tuning_rate_too_high(facts: Facts) -> Iterator[Finding]:
    """Fine-tuning destroys what was learned before.

    ## What it does
    Where weights were loaded before the training, replays it with a tenth of the learning rate for all
    layers but the last, and reports it if that scores clearly better.

    ## Why is this bad?
    The loaded layers are good already. A rate that is right for a new last layer overwrites them in a
    few steps, and what is left is worse than fresh weights (question 17).

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
    groups = [{"params": model[0].parameters(), "lr": 3e-2}, {"params": model[2].parameters()}]
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
    The gain exceeds the margin of the replays (at least .08 of the score), and half of it with every seed.

    ## When it is wrong
    If the rate is too high for the last layer as well, all of it should be lowered: then
    `learning-rate-too-high` says so too. After a hundred steps the higher rate may still catch up. Weights
    that reach the model by other ways than `load_state_dict` are not seen.
    """
    found = _trials.compared(facts, "lower-backbone-rate")
    if not found.gains_clearly(_trials.margin(facts.trials)):
        return
    yield Finding(
        "the learning rate destroys what was loaded: with a tenth of it for all but the last layer "
        f"{found.said()}",
        evidence=found.evidence(),
        severity="warning",
        location=_trials.optimizer_location(facts),
    )
