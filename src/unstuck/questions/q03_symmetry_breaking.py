"""Can a network be trained with all weights zero, or all equal?

## Answer
Not usefully, unless something else makes the hidden units differ. With all weights and
biases zero it depends on the activation. ReLU or tanh: every weight gradient is exactly
zero, only the output bias learns, and the net predicts the class shares (its loss is
their entropy). Sigmoid: weights move, but all hidden units stay identical, so the net
acts like one of width 1. Any other constant has the same effect: identical units get
identical gradients (accuracy 0.29 with ReLU, against 0.96 from a random start).
Exceptions: softmax regression has no hidden units and reached 0.95 from zero; zeroing
only the output layer cost nothing; zeroing only the hidden layer stalls ReLU, but
neither tanh nor sigmoid. Dropout breaks the tie: with it a constant start reached 0.94.
Rounding can also split equal units after many steps.

## Popular claims
- "with zero weights it never learns": only if there are hidden layers and nothing
  breaks the tie. Even then the output bias learns, and with sigmoid the net learns like
  one of width 1.
- "the derivatives are the same for every w": wrong. They are equal across the hidden
  units of a layer, but differ across inputs and across output classes.
- "any constant start is poor": only if training treats all units alike. Dropout, random
  biases or structured constants (identity, Hadamard) break the tie.

## Watch for it
Nine in ten units of a layer equal in weights (to 1e-5 of the largest) at the start and
some updates later, with equal gradients; or weight gradients exactly 0 but not the
output bias's. Zero-init residual or LoRA layers are fine.

## Remedy
Re-initialise the hidden layers with He or Glorot values. Then the rank of the first
weight matrix is full and the loss drops below the entropy of the class shares within
one epoch.

## Sources
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 8.4
- Glorot & Bengio 2010, *Understanding the difficulty of training deep feedforward
  neural networks*
- Zhang et al., *Dive into Deep Learning*, section 5.4
- Le, Jaitly & Hinton 2015, *A Simple Way to Initialize Recurrent Networks of Rectified
  Linear Units*
- Zhang, Dauphin & Ma 2019, *Fixup Initialization: Residual Learning Without
  Normalization*
- Zhao et al. 2021, *ZerO Initialization: Initializing Neural Networks with only Zeros
  and Ones*
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, digits
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Batches, Sgd, Stack, accuracy, cross_entropy

WIDTHS = (64, 16, 10)
RATE = 0.2
EPOCHS, EARLY = 30, 10
"""Rounding splits units that are equal in exact arithmetic, late: equality is asked for early."""

STARTS = ("random", "all zero", "all 0.05", "zero output layer", "zero hidden layer")
ACTS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}

PREDICTIONS = (
    Prediction(
        "ReLU, all zero: the largest weight after training",
        "relu_zero_weight", 0.0, 0.0, claim=1,
    ),
    Prediction(
        "ReLU, all zero: the loss ends at the entropy of the class shares; the distance",
        "relu_zero_above_entropy", -1e-3, 1e-3, claim=1,
    ),
    Prediction(
        "softmax regression from zero: accuracy",
        "softmax_zero", low=0.9, claim=1, share=True,
    ),
    Prediction(
        "zero output layer, ReLU: accuracy less that of a random start",
        "zero_output_gain", -0.03, 0.03, claim=1,
    ),
    Prediction(
        "all 0.05, tanh: largest difference of gradients between hidden units, relative",
        "tanh_across_units", high=1e-12, claim=2,
    ),
    Prediction(
        "all 0.05, tanh: largest difference of gradients between inputs of a unit, relative",
        "tanh_across_inputs", low=0.1, claim=2,
    ),
    Prediction("all 0.05, ReLU: accuracy", "relu_same", high=0.5, claim=3, share=True),
    Prediction(
        "all 0.05: the largest distance to an explicit net of width 1, 10 epochs long",
        "width_one_gap", high=1e-9, claim=3,
    ),
    Prediction(
        "all 0.05, ReLU, with dropout 0.5: accuracy",
        "dropout", low=0.85, claim=3, share=True,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits in float64, 64-16-10, SGD: five starts by three activations, and what breaks the tie."""
    data = _double(digits(lab.seeds))
    numbers: dict[str, list[float]] = {}
    rows: list[dict[str, Any]] = []
    for name, act in ACTS.items():
        net = Stack(WIDTHS, lab.seeds, arms=len(STARTS), act=act, dtype=torch.float64)
        _set_starts(net)
        if name == "tanh":
            _train(net, data, lab, "the first epoch with tanh", epochs=1)
            numbers |= _differences(net, data)
        _train(net, data, lab, f"{len(STARTS)} starts with {name}")
        scores = accuracy(net, data.test_x, data.test_y)
        rows += [
            {"activation": name, "start": start, "accuracy": float(score), "seed": seed}
            for start, row in zip(STARTS, scores, strict=True)
            for seed, score in zip(lab.seeds, row, strict=True)
        ]
        if name == "relu":
            numbers["relu_zero_weight"] = _largest(
                net.arm(net.weights[0], 1), net.arm(net.weights[1], 1)
            )
            numbers["relu_zero_above_entropy"] = _above_entropy(net, data)
            numbers["relu_same"] = scores[2].tolist()
            numbers["zero_output_gain"] = (scores[3] - scores[0]).tolist()
    softmax = Stack((64, 10), lab.seeds, dtype=torch.float64)
    softmax.arm(softmax.weights[0], 0).zero_()
    _train(softmax, data, lab, "softmax regression from zero")
    numbers["softmax_zero"] = accuracy(softmax, data.test_x, data.test_y)[0].tolist()
    numbers["dropout"] = _with_dropout(data, lab)
    numbers["width_one_gap"] = _gap_to_width_one(data, lab)
    return Measured(numbers, {"accuracy": rows})


def picture(series: dict[str, Any]) -> Any:
    """Test accuracy of every start, by activation."""
    import altair as alt

    from unstuck.charts import LINE, rows

    return (
        alt.Chart(rows(series["accuracy"]))
        .mark_point(size=48, color=LINE, strokeWidth=1.5, aria=False)
        .encode(
            x=alt.X("accuracy:Q", title="test accuracy", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("start:N", title=None, sort=list(STARTS)),
            row=alt.Row("activation:N", sort=list(ACTS)),
        )
        .properties(width=480, height=110)
    )


def on(facts: Any) -> Iterator[str]:
    """How many units of each layer differ in the person's run."""
    for layer in facts.units or ():
        first, last = layer["looks"][0], layer["looks"][-1]
        same = [_others(look["weight"], layer["units"]) for look in (first, last)]
        others = f"{layer['units'] - 1} other unit{'s' * (layer['units'] > 2)} of {layer['name']}"
        yield (
            f"of the {others}, {same[0]} had the weights of its first one at step {first['step']}, "
            f"{same[1]} at step {last['step']}"
        )


def _others(share: float, units: int) -> str:
    """How many equal the first one, which is no other; where weights are NaN it does not equal itself."""
    return str(max(0, round(share * units) - 1) or "none")


def _double(data: Data) -> Data:
    return Data(data.x.double(), data.y, data.test_x.double(), data.test_y)


def _set_starts(net: Stack) -> None:
    first, second = net.weights
    for tensor in (first, second):
        net.arm(tensor, 1).zero_()
        net.arm(tensor, 2).fill_(0.05)
    net.arm(second, 3).zero_()
    net.arm(first, 4).zero_()


def _train(net: Stack, data: Data, lab: Lab, doing: str, epochs: int = EPOCHS) -> None:
    sgd = Sgd(net, RATE)
    for x, y in lab.track(Batches(data, 64, epochs, lab.seeds), doing):
        sgd.step(cross_entropy(net(x), y))


def _differences(net: Stack, data: Data) -> dict[str, list[float]]:
    """Of the constant start's gradients: how far apart they are, as parts of the largest.

    After some steps: at the first the output weights are equal too, and the gradient is exactly 0.
    """
    [slopes] = torch.autograd.grad(cross_entropy(net(data.x), data.y).sum(), [net.weights[0]])
    each = net.arm(slopes, 2)  # (seeds, inputs, units)
    largest = each.abs().amax((1, 2))
    return {
        "tanh_across_units": ((each.amax(2) - each.amin(2)).amax(1) / largest).tolist(),
        "tanh_across_inputs": ((each.amax(1) - each.amin(1)).amax(1) / largest).tolist(),
    }


def _largest(*tensors: Tensor) -> list[float]:
    return torch.stack([tensor.abs().amax((1, 2)) for tensor in tensors]).amax(0).tolist()


def _above_entropy(net: Stack, data: Data) -> list[float]:
    """Of the zero start: training loss less the entropy of the class shares."""
    with torch.no_grad():
        losses = cross_entropy(net(data.x), data.y).view(net.arms, -1)[1]
    shares = F.one_hot(data.y, 10).double().mean(1)
    return (losses + (shares * shares.log()).sum(1)).tolist()


def _with_dropout(data: Data, lab: Lab) -> list[float]:
    """Accuracy from a constant start, where dropout gives each unit its own gradients."""
    draw = torch.Generator().manual_seed(lab.seeds[0])
    training = True

    def relu_dropout(x: Tensor) -> Tensor:
        x = torch.relu(x)
        if not training:
            return x
        return 2 * x * (torch.rand(x.shape, generator=draw, dtype=x.dtype) < 0.5)

    net = Stack(WIDTHS, lab.seeds, act=relu_dropout, dtype=torch.float64)
    for weight in net.weights:
        net.arm(weight, 0).fill_(0.05)
    _train(net, data, lab, "a constant start with dropout")
    training = False
    return accuracy(net, data.test_x, data.test_y)[0].tolist()


def _gap_to_width_one(data: Data, lab: Lab) -> list[float]:
    """The largest difference of logits between 16 equal units and one unit with rescaled rates.

    The sum of the output weights learns 16 times, the input weights a 16th as fast as one unit's.
    """
    wide = Stack(WIDTHS, lab.seeds, act=torch.tanh, dtype=torch.float64)
    one = Stack((64, 1, 10), lab.seeds, act=torch.tanh, dtype=torch.float64)
    units = WIDTHS[1]
    wide.arm(wide.weights[0], 0).fill_(0.05)
    wide.arm(wide.weights[1], 0).fill_(0.05)
    one.arm(one.weights[0], 0).fill_(0.05)
    one.arm(one.weights[1], 0).fill_(0.05 * units)
    sgd = Sgd(wide, RATE)
    rates = [RATE / units, RATE * units, RATE / units, RATE]
    for x, y in lab.track(Batches(data, 64, EARLY, lab.seeds), "width 16 against width 1"):
        slopes = torch.autograd.grad(cross_entropy(one(x), y).sum(), one.parameters)
        with torch.no_grad():
            for each, slope, rate in zip(one.parameters, slopes, rates, strict=True):
                each.sub_(rate * slope)
        sgd.step(cross_entropy(wide(x), y))
    with torch.no_grad():
        gap = (wide(data.test_x) - one(data.test_x)).abs()
    return gap.amax((1, 2)).tolist()
