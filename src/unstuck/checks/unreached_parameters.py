"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.parameters import Parameter


@check(
    needs={"parameters", "optimizers", "graph"},
    remedies=("reconnect-graph", "register-modules", "unfreeze"),
    question="q19",
    explains={"loss-not-falling"},
)
def unreached_parameters(
    facts: Facts,
    *,
    # Heads that take turns, and networks trained every few steps, are reached within some looks.
    looks: int = 5,
    # An unused pooler or spare head of a large model is a small part of it.
    share: float = 0.1,
) -> Iterator[Finding]:
    """Parameters that an optimizer holds are never reached by the loss.

    ## What it does
    Walks the autograd graph of the loss at several steps. Trainable parameters that an optimizer
    holds, that no walk reached and whose `.grad` stayed None, are reported.

    ## Why is this bad?
    They receive no gradient and keep their first values for ever. Either a layer is not used, or the
    graph is cut between it and the loss: by `detach()`, `.data`, `.item()`, a round trip through
    NumPy, `torch.tensor(loss)` or a forward pass under `no_grad()`.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 4, (256,))
    encoder = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU())
    head = torch.nn.Linear(32, 4)
    optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
    for _ in range(20):
        hidden = encoder(x).detach()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(hidden), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 4, (256,))
    encoder = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU())
    head = torch.nn.Linear(32, 4)
    optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
    for _ in range(20):
        hidden = encoder(x)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(hidden), y).backward()
        optimizer.step()
    ```

    ## Threshold
    At least `looks` backward passes (5) were walked. `error` if nothing of a model is reached,
    `warning` if the layer belongs to a class of the person's own, or if a tenth of the model's
    trainable numbers or more (`share`) is not reached, else `note`: the pooler of a library's
    pretrained encoder is a small part and usually unused on purpose.

    ## When it is wrong
    Parts that are trained later, or seldom: they are reached only then. Set `requires_grad_(False)`
    on what should not learn yet. Compiled, checkpointed and custom functions hide what is behind
    them, and then nothing is said.
    """
    parameters: list[Parameter] = [each for each in facts.parameters if not each["fixed_model"]]
    if not any(optimizer["steps"] for optimizer in facts.optimizers):
        raise NotChecked("no optimizer made a step")
    unreached = [each for each in parameters if _is_unreached(each)]
    if not unreached:
        return
    if facts.graph["opaque"]:
        raise NotChecked(f"{facts.graph['opaque'][0]} hides which parameters the loss reaches")
    if facts.graph["backwards"] < looks:
        raise NotChecked(f"fewer than {looks} backward passes were walked")
    for model in sorted({each["model"] for each in unreached}):
        yield from _of(
            model,
            [each for each in parameters if each["model"] == model and each["trainable"]],
            [each for each in unreached if each["model"] == model],
            facts,
            share,
        )


def _is_unreached(each: Parameter) -> bool:
    return each["trainable"] and each["optimized"] and not each["reached"] and each["numel"] > 0


def _of(
    model: str, all_: list[Parameter], unreached: list[Parameter], facts: Facts, share: float
) -> Iterator[Finding]:
    numel, total = (sum(each["numel"] for each in group) for group in (unreached, all_))
    nothing = len(unreached) == len(all_)
    own = any(each["own"] for each in unreached)
    names = [each["name"] for each in unreached]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if nothing:
        text = f"no parameter of {model} is reached by the loss, in {facts.graph['backwards']} "
        text += "backward passes: the graph is cut between the model and the loss"
    else:
        text = (
            f"{shown}: held by an optimizer, but never reached by the loss ({numel:,} of {total:,} "
        )
        text += f"trainable numbers, in {facts.graph['backwards']} backward passes)"
    place = facts.graph["backward_place"] if nothing else unreached[0]["place"]
    yield Finding(
        text,
        at=0,
        evidence={"parameters": names[:50], "unreached": numel, "trainable": total},
        severity="error" if nothing else "warning" if own or numel >= share * total else "note",
        location=Location.of(place),
    )
