"""The check of the same name."""

import math
from collections.abc import Iterator, Sequence

from unstuck.checks import _training
from unstuck.checks._flow import by_depth, gain, relative
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.gradients import GradientLayer


@check(
    needs={"gradients", "layers"},
    remedies=("redraw-initialisation",),
    question="q03",
    explains={
        "dead-units",
        "exploding-gradients",
        "initial-loss-off",
        "learning-rate-suspect",
        "loss-not-falling",
        "non-finite-loss",
        "saturated-units",
        "vanishing-gradients",
    },
)
def initial_scale(
    facts: Facts,
    *,
    # Rules in use lie between .58 (torch's Linear) and 1.67 (tanh after Glorot); a factor of three
    # on both sides of that.
    smallest: float = 0.2,
    largest: float = 5.0,
    # Orders of magnitude over the whole net, before it counts.
    orders: float = 2.0,
) -> Iterator[Finding]:
    """The first weights make the signal grow or fade from layer to layer.

    ## What it does
    Multiplies the standard deviation of each layer's first weights by the root of its number of
    inputs: the gain, by which the layer scales its signal. Nets in which most gains are far too large
    or far too small, so that the signal changes by orders of magnitude on its way, are reported if the
    gradients differ as much, or the loss begins far above that of a constant prediction or does not fall.

    ## Why is this bad?
    The scale of the signal and of the gradients is the product of the gains. Far above one, activations
    saturate or explode and the first losses are enormous; far below one, the gradients of the first
    layers vanish and nothing moves.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    deviation = 2.0
    layers = [torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(64, 2))
    for layer in (model[0], model[2], model[4]):
        torch.nn.init.normal_(layer.weight, std=deviation)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
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
    y = (x[:, 0] > 0).long()
    deviation = 0.2
    layers = [torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(64, 2))
    for layer in (model[0], model[2], model[4]):
        torch.nn.init.normal_(layer.weight, std=deviation)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    The rules in use (LeCun 1998, Glorot 2010, He 2015, torch's default) give gains from .58 to 1.67.
    Below `smallest` (.2) or above `largest` (5) a layer is far from all of them. Half of the layers
    must be so, on the same side, and their product at least `orders` (2) orders of magnitude.

    ## When it is wrong
    A normalisation after a layer makes its scale harmless, and a net that has one anywhere is not
    judged. Nor are zero weights (residual branches and outputs that begin at zero), embeddings, nets
    with fewer than two layers, and pretrained weights that learn: small starts that work on purpose
    have a loss that falls.
    """
    if facts.layers["normalised"]:
        return
    found = [(gain(layer), layer) for _, layer in by_depth(facts) if _from_the_start(layer)]
    known = [(value, layer) for value, layer in found if value is not None and value > 0]
    if len(known) < 2:
        raise NotChecked("fewer than two layers with weights were seen at the first step")
    high = [pair for pair in known if pair[0] > largest]
    low = [pair for pair in known if pair[0] < smallest]
    for far, word in ((high, "grow"), (low, "fade")):
        size = sum(math.log10(value) for value, _ in known)
        if 2 * len(far) >= len(known) and len(far) > 1 and abs(size) >= orders:
            signs = _signs(facts, [layer for _, layer in known], word)
            if signs:
                yield _finding(far, known, word, signs)


def _from_the_start(layer: GradientLayer) -> bool:
    return bool(layer["looks"]) and layer["looks"][0]["step"] == 0


def _signs(facts: Facts, layers: Sequence[GradientLayer], word: str) -> list[str]:
    """What else was seen that the scale does harm."""
    signs = []
    losses = _training.losses(facts)
    known = _training.constant(facts)
    if word == "grow" and known is not None and losses and losses[0][1] > 5 * known:
        signs.append(f"the first loss is {losses[0][1]:.3g}, {known:.3g} by a constant prediction")
    if word == "grow" and losses and known is None and losses[0][1] > 10 * _training.level(losses):
        signs.append(f"the first loss is {losses[0][1]:.3g}")
    if _training.diverged(facts):
        signs.append("the loss became infinite or NaN")
    sizes = [size for size in (relative(layer["looks"][0]) for layer in layers) if size is not None]
    if word == "fade" and _training.is_stuck(facts):
        signs.append("the loss does not fall")
    if word == "grow" and len(sizes) > 1 and max(sizes) > 1e3 * min(sizes):
        signs.append(
            f"the gradients of the layers differ by a factor of {max(sizes) / min(sizes):.1g}"
        )
    return signs


def _finding(
    far: list[tuple[float, GradientLayer]],
    known: list[tuple[float, GradientLayer]],
    word: str,
    signs: list[str],
) -> Finding:
    _, layer = max(far, key=lambda pair: abs(math.log(pair[0])))
    deviation = layer["looks"][0]["weight"] / math.sqrt(layer["numel"])
    usual = 1 / math.sqrt(layer["fan_in"])
    return Finding(
        f"the first weights make the signal {word}: {layer['name']} begins with a standard deviation of "
        f"{deviation:.2g} where about {usual:.2g} keeps the scale, {len(far)} of {len(known)} layers are "
        f"like it, and {' and '.join(signs)}",
        at=0,
        evidence={"gains": [[each["name"], gain_] for gain_, each in known[:50]], "signs": signs},
        severity="warning",
        location=Location.of(layer["place"]),
    )
