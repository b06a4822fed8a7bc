"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _training
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.layers import Dropout


@check(
    needs={"layers", "loss"},
    remedies=("less-dropout",),
    explains={"loss-not-falling"},
)
def dropout_too_strong(
    facts: Facts,
    *,
    # Srivastava et al. 2014 (Dropout, section 7.3): the error is flat for keeping .4 to .8 and rises
    # steeply where a fifth or less is kept.
    rate: float = 0.8,
    # Below this share of its start the loss has fallen in spite of it.
    fallen: float = 0.5,
) -> Iterator[Finding]:
    """Dropout removes nearly everything, or parts of the output itself.

    ## What it does
    Reads the rates of the dropout modules that were in training mode, and finds dropout in the
    autograd graph: the layer it follows, and whether only the loss comes after it.

    ## Why is this bad?
    The rate is the share that is dropped, not the share that is kept: with .9 a tenth of the units
    remains, scaled up tenfold, and the noise drowns the signal. Dropout on the outputs sets logits or
    predictions to zero at random, which no weight can learn to avoid.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    dropout = torch.nn.Dropout(0.9)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.ReLU(), dropout, torch.nn.Linear(32, 2)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    dropout = torch.nn.Dropout(0.2)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.ReLU(), dropout, torch.nn.Linear(32, 2)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    `rate` .8 and more between layers: Srivastava et al. 2014 found the error flat while 40 to 80 % of
    the units are kept and steeply worse where a fifth or less is kept. On outputs any rate of 5 % or
    more. It is a `warning` unless the training loss fell below `fallen` (half) of its start, then a
    `note`. Rates between .5 and .8 are healthy for wide layers and not reported.

    ## When it is wrong
    Masking most of the input on purpose (masked autoencoders), or very wide layers that can spare nine
    tenths: if validation is better with it, keep it.
    """
    seen: list[Dropout] = facts.layers["dropouts"]
    strong = [each for each in seen if each["output"] and each["rate"] >= 0.05]
    strong += [each for each in seen if not each["output"] and each["rate"] >= rate]
    if not strong:
        return
    pairs = _training.losses(facts)
    fell = _training.fall(pairs)
    if fell is None:
        raise NotChecked("too few losses to tell whether they fall")
    # The graph shows what the module showed already, without its name.
    strong.sort(key=lambda each: (not each["output"], not each["name"]))
    first = strong[0]
    name = first["name"] or (f"dropout behind {first['layer']}" if first["layer"] else "dropout")
    if first["output"]:
        text = f"{name} sets {first['rate']:.0%} of the outputs to zero just before the loss"
    else:
        text = f"{name} drops {first['rate']:.0%} of what it is given and keeps {1 - first['rate']:.0%}"
    yield Finding(
        f"{text}; the training loss is {_training.level(pairs):.4g} after "
        f"{int(pairs[-1][0]) + 1} steps, {_training.beginning(pairs):.4g} at the start",
        at=0,
        evidence={
            "dropouts": [[each["name"] or each["layer"], each["rate"]] for each in strong[:20]],
            "fall": fell,
        },
        severity="note" if fell > 1 - fallen else "warning",
        location=Location.of(first["place"]),
    )
