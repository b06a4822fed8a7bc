"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.parameters import Parameter


@check(
    needs={"parameters", "optimizers"},
    remedies=("give-parameters-to-optimizer", "register-modules", "unfreeze"),
    question="q17",
    explains={"loss-not-falling"},
)
def unoptimized_parameters(facts: Facts) -> Iterator[Finding]:
    """Parameters that the loss reaches are in no optimizer.

    ## What it does
    Holds the parameters that a backward pass reached against those that any optimizer of the
    script was given. Trainable ones that no optimizer holds, and that nothing else changes, are
    reported.

    ## Why is this bad?
    Their gradients are computed and thrown away: they keep their first values for ever. The usual
    causes are a layer added after the optimizer was built, a list of parameters that forgets a
    module, modules kept in a plain list or dict, which `model.parameters()` does not look into, and
    an optimizer built for another copy of the model.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 4, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = torch.randint(0, 4, (256,))
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    None: a parameter is in an optimizer or not. `error` when no parameter of any optimizer ever got
    a gradient, so that nothing learns; else `warning`.

    ## When it is wrong
    Freezing by leaving parameters out on purpose: set `requires_grad_(False)`, which also saves
    their gradients. A network in eval mode, or one that also runs without gradients (a teacher, a
    feature extractor), is taken to be fixed on purpose and not reported.
    """
    parameters: list[Parameter] = facts.parameters
    if not any(each["reached"] for each in parameters):
        raise NotChecked("no backward pass was seen to reach a parameter")
    if not any(optimizer["steps"] for optimizer in facts.optimizers):
        raise NotChecked("no optimizer made a step")
    left_out = [each for each in parameters if _left_out(each)]
    if not left_out:
        return
    trained = any(optimizer["with_gradient"] for optimizer in facts.optimizers)
    trainable = sum(each["numel"] for each in parameters if each["trainable"])
    numel = sum(each["numel"] for each in left_out)
    names = [each["name"] for each in left_out]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    text = (
        f"{shown}: reached by the loss, but in no optimizer ({numel:,} of {trainable:,} trainable "
        "parameters never change)"
    )
    unlisted = [each for each in left_out if each["kind"] == "unregistered"]
    if unlisted:
        text += "; they sit in a plain list or dict, where torch does not see them"
    if not trained:
        text += "; the optimizer holds parameters that get no gradient"
    built = [o["built_at"] for o in facts.optimizers if o["built_at"]]
    places = [each["place"] for each in unlisted if each["place"]] + built
    yield Finding(
        text,
        at=0,
        evidence={"parameters": names[:50], "left_out": numel, "trainable": trainable},
        severity="warning" if trained else "error",
        location=Location.of(places[0] if places else left_out[0]["place"]),
        remedies=("register-modules",) if len(unlisted) == len(left_out) else (),
    )


def _left_out(each: Parameter) -> bool:
    return (
        each["trainable"]
        and each["reached"]
        and not each["optimized"]
        and not each["changed"]
        and not each["fixed_model"]
    )
