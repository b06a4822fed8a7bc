"""Can a network be trained with all biases starting at zero?

## Answer
Yes. Zero is the usual start for biases, as long as the weights are random. Random
weights already make the units differ, and the bias gradient is not zero, so the biases
move. On a digits net with He weights, zero and PyTorch's uniform biases ended equal
within half a point of test accuracy, and so did biases frozen at zero. What hurts is a
strongly negative start, which kills ReLU units: from -5 all were dead at once and the
net stayed at chance, from -1 it mostly did too. Exceptions: for a rare class, set the
output bias to log(p / (1 - p)), with p its share: the first loss was then the entropy
of the shares instead of 7 times that (p = 2 %), which spares the first steps from
learning it; LSTM forget gates often start at 1; a bias right before batch normalisation
has no effect; zero biases together with zero weights do not work (see q03).

## Popular claims
- "yes, there is a possibility that it learns": right. But it understates: zero is the
  standard choice, not a lucky case.

## Watch for it
Before step 1: more than 50 % dead ReLU units, or a rare-class head whose start loss is
above 2x the entropy of the class shares (rough). Zero biases alone are no warning.

## Remedy
Raise negative biases to 0; set the output bias to the log-odds of the class share. Then
the start loss is near the entropy of the shares and the dead share falls.

## Sources
- Glorot & Bengio 2010, *Understanding the difficulty of training deep feedforward
  neural networks*
- He et al. 2015, *Delving Deep into Rectifiers*
- Jozefowicz, Zaremba & Sutskever 2015, *An Empirical Exploration of Recurrent Network
  Architectures*
- Lin et al. 2017, *Focal Loss for Dense Object Detection*
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, digits
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._run import missing
from unstuck.questions._stack import Batches, Sgd, Stack, accuracy, cross_entropy

WIDTHS = (64, 32, 32, 10)
RATE, EPOCHS, BATCH = 0.1, 20, 32

STARTS = ("uniform ±1/√n", "0", "0, frozen", "0.01", "uniform ±1", "-1", "-5")
DEFAULT, ZERO, FROZEN, SMALL, WIDE, MINUS_ONE, MINUS_FIVE = range(len(STARTS))
CONSTANTS = {SMALL: 0.01, MINUS_ONE: -1.0, MINUS_FIVE: -5.0}

RARE, OF = 20, 1000
"""Rows of the rare class, an 8, and of all: a share of 2 %."""
SHRUNK = 3**-0.5
"""Makes output weights as small as PyTorch draws them: uniform between ±1/√n has deviation 1/√(3n)."""

PREDICTIONS = (
    Prediction(
        "test accuracy of zero biases less that of PyTorch's uniform ones",
        "zero_gain", -0.015, 0.015, claim=1,
    ),
    Prediction("zero biases: test accuracy", "zero", low=0.92, claim=1, share=True),
    Prediction(
        "zero biases: mean size of the hidden biases after training", "learned", low=0.02, claim=1,
    ),
    Prediction(
        "biases frozen at zero: test accuracy less that of PyTorch's uniform ones",
        "frozen_gain", -0.015, 0.015,
    ),
    Prediction("biases from -1: test accuracy less that of zero biases", "minus_one_gain", high=-0.05),
    Prediction(
        "biases from -5: share of hidden units dead at the start",
        "dead", low=0.999, share=True,
    ),
    Prediction("biases from -5: test accuracy", "minus_five", high=0.2, share=True),
    Prediction(
        "2 % positives, output bias 0: first loss as a multiple of the entropy of the shares",
        "first_of_zero", low=1.5,
    ),
    Prediction(
        "2 % positives, output bias at the log-odds: the same", "first_of_prior", 0.9, 1.25,
    ),
    Prediction(
        "a bias before batch normalisation: largest change of the output, and of its gradient from 0",
        "before_norm", high=1e-12,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits, 64-32-32-10, SGD: seven starts of the biases; and the output bias of a rare class."""
    data = digits(lab.seeds)
    net = Stack(WIDTHS, lab.seeds, arms=len(STARTS))
    _set_biases(net, lab)
    dead = _dead(net, data)
    _train(net, data, lab)
    scores = accuracy(net, data.test_x, data.test_y)
    sizes = _hidden(net).abs().mean(2)
    numbers = {
        "zero_gain": (scores[ZERO] - scores[DEFAULT]).tolist(),
        "zero": scores[ZERO].tolist(),
        "learned": sizes[ZERO].tolist(),
        "frozen_gain": (scores[FROZEN] - scores[DEFAULT]).tolist(),
        "minus_one_gain": (scores[MINUS_ONE] - scores[ZERO]).tolist(),
        "dead": dead[MINUS_FIVE].tolist(),
        "minus_five": scores[MINUS_FIVE].tolist(),
        "before_norm": [_before_norm(seed) for seed in lab.seeds],
    }
    rows = [
        {"start": start, "accuracy": round(score, 4), "bias": round(size, 4), "seed": seed}
        for start, *pair in zip(STARTS, scores.tolist(), sizes.tolist(), strict=True)
        for seed, score, size in zip(lab.seeds, *pair, strict=True)
    ]
    return Measured(numbers | _rare(lab), {"starts": rows})


def picture(series: dict[str, Any]) -> Any:
    """Test accuracy by the start of the biases, and how large they are in the end."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, rows

    base = alt.Chart(rows(series["starts"])).properties(height=200)
    starts = alt.Y("start:N", title="biases at the start", sort=list(STARTS))
    hidden = alt.Y("start:N", title=None, sort=list(STARTS), axis=alt.Axis(labels=False))
    scores = base.mark_point(size=48, color=LINE, strokeWidth=1.5, aria=False).encode(
        x=alt.X("accuracy:Q", title="test accuracy", scale=alt.Scale(domain=[0, 1])), y=starts
    )
    ticks = alt.Axis(values=[0, 0.1, 1, 5], format="~r", labelFlush=False)
    size = alt.X("bias:Q", title="mean |bias| after training", axis=ticks)
    sizes = base.mark_point(size=48, color=OTHER, shape="diamond", aria=False).encode(
        x=size.scale(type="symlog", constant=0.02, domain=[0, 7]), y=hidden
    )
    return alt.hconcat(scores.properties(width=280), sizes.properties(width=160))


def on(facts: Any) -> Iterator[str]:
    """Where the biases of the person's run began, which units were dead, and the first loss."""
    yield from _zeros(facts)
    yield from _dead_at_start(facts)
    yield from _first_loss(facts)


def _set_biases(net: Stack, lab: Lab) -> None:
    for layer, bias in enumerate(net.biases):
        for arm, value in CONSTANTS.items():
            net.arm(bias, arm).fill_(value)
        bound = net.weights[layer].shape[1] ** -0.5
        for row, seed in enumerate(lab.seeds):
            draw = torch.Generator().manual_seed(100 * seed + layer)
            drawn = 2 * torch.rand(bias.shape[1:], generator=draw) - 1
            net.arm(bias, DEFAULT)[row] = bound * drawn
            net.arm(bias, WIDE)[row] = drawn


def _hidden(net: Stack) -> Tensor:
    """The biases of the hidden layers (arms, seeds, units)."""
    biases = torch.cat([bias.detach() for bias in net.biases[:-1]], 2)
    return biases.view(net.arms, len(net.seeds), -1)


def _dead(net: Stack, data: Data) -> Tensor:
    """The share of hidden units that are zero for every training row (arms, seeds)."""
    x, found = data.x.repeat(net.arms, 1, 1), []
    with torch.no_grad():
        for weight, bias in zip(net.weights[:-1], net.biases[:-1], strict=True):
            x = torch.relu(torch.baddbmm(bias, x, weight))
            found.append((x == 0).all(1))
    return torch.cat(found, 1).float().mean(1).view(net.arms, -1)


def _train(net: Stack, data: Data, lab: Lab) -> None:
    sgd = Sgd(net, RATE)
    doing = f"{len(STARTS)} starts of the biases"
    for x, y in lab.track(Batches(data, BATCH, EPOCHS, lab.seeds), doing):
        sgd.step(cross_entropy(net(x), y))
        for bias in net.biases:
            net.arm(bias, FROZEN).zero_()


def _rare(lab: Lab) -> dict[str, list[float]]:
    """First losses of "is it an 8?" with few 8s, over the entropy of the two shares."""
    data = digits(lab.seeds)
    share = torch.tensor(RARE / OF)
    odds = (share / (1 - share)).log()
    entropy = -(share * share.log() + (1 - share) * (1 - share).log())
    net = Stack((64, 32, 1), lab.seeds, arms=2)
    net.weights[-1].detach().mul_(SHRUNK)
    net.arm(net.biases[-1], 1).fill_(odds)
    x = torch.stack([_few_eights(data.x[row], data.y[row]) for row in range(len(lab.seeds))])
    targets = torch.cat([torch.ones(RARE), torch.zeros(OF - RARE)])
    with torch.no_grad():
        logits = net(x).squeeze(2)
    losses = F.binary_cross_entropy_with_logits(
        logits, targets.expand_as(logits), reduction="none"
    ).mean(1)
    zero, prior = (losses / entropy).view(2, -1).tolist()
    return {"first_of_zero": zero, "first_of_prior": prior}


def _few_eights(x: Tensor, y: Tensor) -> Tensor:
    return torch.cat([x[y == 8][:RARE], x[y != 8][: OF - RARE]])


def _before_norm(seed: int) -> float:
    """What a bias does before batch normalisation: the change of the output, and its own gradient."""
    draw = torch.Generator().manual_seed(seed)
    x, weight = (torch.randn(64, 8, generator=draw).double() for _ in range(2))
    bias = torch.randn(64, generator=draw).double().requires_grad_()
    slope = torch.randn(64, 64, generator=draw).double()
    without, biased = (
        F.batch_norm(x @ weight.T + b, None, None, training=True) for b in (torch.zeros(64), bias)
    )
    [gradient] = torch.autograd.grad((biased * slope).sum(), [bias])
    return max((biased - without).abs().max().item(), gradient.abs().max().item())


def _zeros(facts: Any) -> Iterator[str]:
    """Which layers begin with biases zero, and whether their weights tell the units apart."""
    if facts.units is None:
        yield from missing(facts, "units", "biases were")
        return
    known = [layer for layer in facts.units if layer["biases_zero"] is not None]
    zero = [layer for layer in known if layer["biases_zero"]]
    same = [layer["name"] for layer in zero if layer["looks"] and layer["looks"][0]["weight"] == 1]
    if known:
        names = f" ({', '.join(layer['name'] for layer in zero)})" if zero else ""
        yield f"{len(zero)} of {len(known)} layers began with all biases zero{names}"
    if same:
        yield f"the weights of {', '.join(same)} are the same for all units as well: see question 3"
    elif zero:
        yield "their weights differ from unit to unit, so zero biases are no fault"


def _dead_at_start(facts: Any) -> Iterator[str]:
    """How many units let nothing through before the first update."""
    for each in facts.activations or ():
        look = each["looks"][0] if each["looks"] else None
        if look is None or look["step"] or look["dead"] is None or each["kind"] != "ReLU":
            continue
        dead = round(look["dead"] * each["units"])
        yield (
            f"{dead} of {each['units']} units after {each['layer']} were zero for the whole first batch"
        )


def _first_loss(facts: Any) -> Iterator[str]:
    """The first loss against that of a prediction that knows only the shares."""
    for each in facts.loss_calls or ():
        constant = each["constant"]
        if not each["training"] or constant is None or not constant["loss"] > 0:
            continue
        step, first = each["values"][0] if each["values"] else (-1, math.nan)
        if step == 0 and math.isfinite(first):
            yield (
                f"the first {each['function']} was {first:.3g}, {first / constant['loss']:.2g} times that "
                f"of the best constant prediction ({constant['loss']:.3g})"
            )
