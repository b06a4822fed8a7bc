"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.modes import Mode


@check(needs={"modes"}, remedies=("set-mode",), question="q20")
def eval_mode_in_training(
    facts: Facts,
    *,
    # A few steps in evaluation mode are an attack on the inputs or a look at gradients.
    steps: int = 20,
) -> Iterator[Finding]:
    """A model with dropout or batch normalisation is trained in evaluation mode.

    ## What it does
    Looks at the mode of each model in the forward passes that a backward pass reaches. If, to the
    end, a whole model stays in evaluation mode, though all of it is trained, it is reported.

    ## Why is this bad?
    In evaluation mode dropout does nothing, and batch normalisation uses running statistics that
    are no longer updated: at random weights these are 0 and 1, so that nothing is normalised.
    Usually a validation called `model.eval()` and nothing called `model.train()` after it.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Linear(32, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.eval()
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
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
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None but `steps` (20), so that a few steps in evaluation mode do not count: a model is in one
    mode or the other. It counts only if the root and all dropout and batch normalisation inside
    are in evaluation mode and at least 99 % of the parameters are trained.

    ## When it is wrong
    Fine-tuning with batch normalisation held still on purpose is healthy and not reported as long
    as the root is in training mode or something is frozen. If the whole network shall be trained
    that way, ignore this check.
    """
    modes: list[Mode] = facts.modes
    for mode in modes:
        since = mode["quiet_since"]
        parts = _parts(mode)
        if since is None or mode["quiet_steps"] < steps or not parts:
            continue
        # All of it is trained: neither a frozen part nor pictures that are optimized.
        if mode["optimized"] < 0.99 * mode["numel"] or not mode["numel"]:
            continue
        begun = f"from step {since} on" if since else "from the start"
        yield Finding(
            f"{mode['model']} is in evaluation mode in all {mode['quiet_steps']} training steps "
            f"{begun}: {parts} of it do not do their work",
            at=since,
            evidence={
                "model": mode["model"],
                "steps_in_evaluation_mode": mode["quiet_steps"],
                "training_steps": mode["steps"],
                "dropout": mode["dropout"][:10],
                "batch_norm": [layer["name"] for layer in mode["batch_norm"][:10]],
            },
            severity="warning",
            location=Location.of(mode["forward_place"] or mode["place"]),
        )


def _parts(mode: Mode) -> str:
    """``2 dropout layers and 1 batch normalisation``."""
    counts = (
        (len(mode["dropout"]), "dropout layers"),
        (len(mode["batch_norm"]), "batch normalisations"),
    )
    return " and ".join(f"{count} {what}" for count, what in counts if count)
