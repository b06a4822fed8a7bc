"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks import _training
from unstuck.checks._flow import by_depth, relative_gradient, trend
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location


@check(
    needs={"gradients", "layers"},
    remedies=("redraw-initialisation", "swap-saturating-activation", "add-normalisation"),
    question="q11",
    explains={"loss-not-falling"},
)
def vanishing_gradients(
    facts: Facts,
    *,
    # AUTOTRAINER: first layer / last layer < 1e-3. Question 11: sigmoid nets of depth 8 that stay at
    # chance have about 1e-6, healthy ReLU nets .5.
    ratio: float = 1e-3,
) -> Iterator[Finding]:
    """Gradients fade from the last layers to the first.

    ## What it does
    Compares the gradient of each layer, relative to the size of its weights, from the layers nearest
    to the loss back to those nearest to the input. It is reported when the first layers get less than
    `ratio` of what the last ones get, when most steps down the net make it smaller, when that is still
    so after some updates, and while the training loss does not fall well.

    ## Why is this bad?
    Each saturating activation and each matrix that is too small multiplies the gradient by a number
    below one; over many layers nothing is left. The first layers keep their random weights, and the
    last ones learn from noise. With plain SGD no learning rate suits both ends.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    Activation = torch.nn.Sigmoid
    layers = [torch.nn.Linear(8, 32), Activation()]
    for _ in range(7):
        layers += [torch.nn.Linear(32, 32), Activation()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
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
    Activation = torch.nn.ReLU
    layers = [torch.nn.Linear(8, 32), Activation()]
    for _ in range(7):
        layers += [torch.nn.Linear(32, 32), Activation()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    `ratio` 1e-3, as in AUTOTRAINER; question 11 measured 1e-6 in sigmoid nets of depth 8 that stay
    at chance, and about .5 in ReLU nets that learn. At least three layers at three different depths, three
    looks from step 3 on, and a loss above three quarters of its start.

    ## When it is wrong
    Frozen layers, embeddings and layers whose gradient is exactly zero are left out, so that LoRA and
    zero-initialised branches do not count. Adam divides the difference out: if the loss falls, nothing
    is said. Through time, only what an unrolled recurrent net shows of its layers is seen.
    """
    layers = by_depth(facts)
    if len({depth for depth, _ in layers}) < 3:
        raise NotChecked("fewer than three layers at different depths were updated")
    values = [(depth, layer, relative_gradient(layer, after=3)) for depth, layer in layers]
    known = [(depth, layer, value) for depth, layer, value in values if value is not None]
    if len({depth for depth, _, _ in known}) < 3:
        raise NotChecked("fewer than three layers were seen with a gradient in three looks")
    first, last = known[0], known[-1]
    if last[2] <= 0 or first[2] >= ratio * last[2]:
        return
    if trend([value for _, _, value in known]) < 0.6:
        return
    fell = _training.fall(_training.losses(facts))
    if fell is None or fell > 0.25:
        return
    step = first[1]["looks"][-1]["step"]
    yield Finding(
        f"gradients fade on their way back: {first[1]['name']} gets {first[2] / last[2]:.1g} of what "
        f"{last[1]['name']} gets, relative to its weights, still at step {step}",
        at=step,
        evidence={
            "relative_gradients": [[layer["name"], value] for _, layer, value in known[:50]],
            "fall": fell,
        },
        severity="warning",
        location=Location.of(first[1]["place"]),
    )
