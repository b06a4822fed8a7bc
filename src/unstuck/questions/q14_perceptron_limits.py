"""What can a perceptron not do?

## Answer
A perceptron (one layer and a step) cannot separate classes that no hyperplane in its
input features separates. Of the 16 Boolean functions of two inputs it learned 14 (all
but XOR and its opposite), of the 256 of three inputs 104. On separable data it makes at
most (R / gamma)^2 mistakes, with R the largest norm of (x, 1) and gamma the largest
margin: iris setosa against the rest took 5-12, the bound was 222. On other data it
never settles: versicolor against virginica still gave 8 mistakes per epoch after 100
epochs, so weights of the last 10 epochs (0.92) lay below the best visited (0.98) or the
mean of all (0.97). The boundary is linear only in the features given: with x1*x2 it
learned XOR, which 4 hidden tanh units solved in 99 of 100 starts, too. Other limits: no
probabilities, no largest margin (0.58 of it), weights that depend on the order of the
examples, and a step whose derivative is zero: no gradient reaches a layer below it.

## Popular claims
- "it can only learn linearly separable functions": right. It stops making mistakes if
  the data are separable and never settles otherwise, even if, as with the flowers, one
  of its planes is right for 0.98 of them.
- "it cannot handle non-linear inputs": wrong. Only the boundary is linear, in the
  features given: products of pixels raised the accuracy of its mean weights on even
  against odd digits from 0.915 to 0.963. Kernels do the same without the products.
- "that is the major drawback": incomplete. No probabilities, no largest margin,
  order dependence and no gradient through the step are missing.

## Watch for it
Mistakes per epoch that never reach zero. Compare your net with logistic regression: a
paired gap whose 95 % interval over seeds holds 0 shows no gain. With as many features
as examples a plane separates nearly any labels: that proves nothing.

## Remedy
Add non-linear features or a hidden layer; on non-separable data use the averaged or
pocket perceptron. Compare the training error with that of the best linear model.

## Sources
- Rosenblatt 1958, *The Perceptron: A Probabilistic Model for Information Storage and
  Organization in the Brain*
- Novikoff 1962, *On Convergence Proofs on Perceptrons*
- Minsky & Papert 1969, *Perceptrons*
- Gallant 1990, *Perceptron-Based Learning Algorithms*
- Freund & Schapire 1999, *Large Margin Classification Using the Perceptron Algorithm*
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions import _probe
from unstuck.questions._arms import compared, measured
from unstuck.questions._data import digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._perceptron import (
    margin_and_bound,
    patterns_of,
    per_epoch,
    perceptron,
    right,
    with_one,
    with_product,
    with_products,
)
from unstuck.questions._plane import lines, sides, xor_over
from unstuck.questions._stack import Adam, Stack

ORDERS = 10
"""Of the flowers, for each seed."""

SETTLED, UNSETTLED, LATE = 10, 100, 10
"""Epochs for separable flowers and for others; how many of these count as the last."""

PATTERNS = 40
"""Epochs for Boolean functions; on those of three inputs that can be separated, mistakes end at 28."""

DIGITS = 4
"""Epochs for digits: the mean of all weights changes little after them."""

STARTS, UNITS = 20, 4
STEPS, RATE = 400, 0.05

PAIRS = ("setosa, the rest", "versicolor, virginica")

MEASUREMENTS = ("linear-probe",)

PREDICTIONS = (
    Prediction(
        "of the 16 Boolean functions of two inputs: how many it learns without a mistake",
        "functions_of_two", 14, 14, claim=1,
    ),
    Prediction(
        "of the 256 of three inputs: how many (a plane separates 104)",
        "functions_of_three", 104, 104, claim=1,
    ),
    Prediction(
        "XOR: accuracy of the best weights it visits",
        "xor_best", high=0.75, claim=1, share=True,
    ),
    Prediction(
        "setosa against the rest: mistakes of 10 epochs as part of the bound (R / gamma)^2, most "
        "of 10 orders",
        "part_of_bound", high=1, claim=1,
    ),
    Prediction(
        "setosa against the rest: mistakes in the last epoch, most of 10 orders",
        "late_mistakes", 0, 0, claim=1,
    ),
    Prediction(
        "versicolor against virginica: epochs without a mistake, of 10 orders with 100 each",
        "epochs_without", 0, 0, claim=1,
    ),
    Prediction(
        "versicolor against virginica: accuracy of the best weights visited less the mean of the "
        "last 10 epochs",
        "best_less_last", low=0.03, claim=1,
    ),
    Prediction(
        "of the 16 functions of two inputs: how many it learns if x1*x2 is given as well",
        "functions_with_product", 16, 16, claim=2,
    ),
    Prediction(
        "even against odd digits: test accuracy with all products of two pixels less that without",
        "products_gain", low=0.01, claim=2,
    ),
    Prediction(
        "setosa against the rest: margin at the end as part of the largest one, mean of 10 orders",
        "margin", high=0.9, claim=3,
    ),
    Prediction(
        "setosa against the rest: angle between the weights of two orders in degrees, mean",
        "angle", low=2, claim=3,
    ),
    Prediction(
        "XOR, 4 hidden step units: largest entry of the gradient by their weights",
        "step_gradient", 0, 0, claim=3,
    ),
    Prediction(
        "XOR, 4 hidden tanh units instead: share of 20 starts that solve it",
        "tanh_solves", low=0.6, share=True,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Rosenblatt's rule on Boolean functions, iris and digits; XOR by nets with a hidden layer."""
    numbers = _of_functions(lab)
    xor, seen = _of_xor(lab)
    numbers |= xor | _with_hidden_units(lab)
    settled, settled_curve = _of_separable_flowers(lab)
    unsettled, unsettled_curve = _of_other_flowers(lab)
    numbers |= settled | unsettled
    pixels, products = (_parity(lab, given) for given in (with_one, with_products))
    numbers |= {"pixels": pixels.tolist(), "products": products.tolist()}
    numbers["products_gain"] = (products - pixels).tolist()
    return Measured(numbers, {"mistakes": settled_curve + unsettled_curve} | seen)


def picture(series: dict[str, Any]) -> Any:
    """Mistakes per epoch on iris; on XOR the lines it tries, and the boundary it finds with x1*x2."""
    import altair as alt

    return alt.hconcat(
        _mistakes_drawn(series["mistakes"]),
        xor_over("XOR: all lines it tries", lines(series["lines"])),
        xor_over("XOR, given x1*x2", sides(series["boundary"])),
    ).resolve_scale(color="independent", shape="independent")


def on(facts: Any) -> Iterator[str]:
    """Whether the person's net is linear, whether planes would do, and what a linear map scores."""
    layers = facts.layers
    if layers is not None and not layers["opaque"] and not layers["left_out"]:
        yield from _of_layers(layers)
    if facts.inputs is not None and facts.data is not None:
        yield from _of_room(facts.inputs["layers"] or (), facts.data["samples"])
    if measured(facts, "linear-probe") is None:  # one linear model, in one unit
        yield from compared(facts, {"linear-model": "with a linear map in place of the network"})
    yield from _probe.on(facts)


_MONOTONE = {"sigmoid", "tanh"}
"""What may stand behind a linear layer and leaves its boundary where it is."""


def _of_layers(layers: Any) -> Iterator[str]:
    nodes, functions = layers["nodes"], set(layers["functions"])
    if len(nodes) == 1 and nodes[0]["kind"] == "Linear" and functions <= _MONOTONE:
        node = nodes[0]
        yield (
            f"{node['name']} ({node['inputs']} -> {node['outputs']}) is the only layer: a boundary "
            "between two classes is linear in what reaches it"
        )
    elif _is_linear(layers):
        yield (
            f"nothing non-linear was seen between the {len(nodes)} layers: together they are linear, "
            "as a single one is"
        )


def _is_linear(layers: Any) -> bool:
    edges = layers["edges"]
    nothing = not layers["functions"] and not layers["normalised"]
    return nothing and bool(edges) and all(edge["straight"] for edge in edges)


def _of_room(fed: Any, samples: int | None) -> Iterator[str]:
    """Whether there are so few examples that a plane separates all that are in general position."""
    if samples is None or len(fed) != 1 or fed[0]["kind"] != "Linear":
        return
    features = fed[0]["features"]
    if samples <= features + 1:
        yield (
            f"{samples} examples of {features} features: unless some are affine combinations of "
            "others, a plane separates them whatever their classes are"
        )


def _of_functions(lab: Lab) -> dict[str, list[float]]:
    settings = {
        "functions_of_two": (2, with_one),
        "functions_of_three": (3, with_one),
        "functions_with_product": (2, with_product),
    }
    return {
        name: [learned(inputs, given, seed) for seed in lab.track(lab.seeds, "Boolean functions")]
        for name, (inputs, given) in settings.items()
    }


def learned(inputs: int, given: Any, seed: int) -> float:
    """How many of the Boolean functions of so many inputs have no mistake in the last epoch."""
    functions = patterns_of(2**inputs)
    x = given(patterns_of(inputs)).expand(len(functions), -1, -1)
    draws = draws_of(range(len(functions)), 1000 * seed)
    wrong = (each for _, each in perceptron(x, functions, PATTERNS, draws))
    return float((per_epoch(wrong, PATTERNS)[-1] == 0).sum())


def _of_xor(lab: Lab) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """The best accuracy visited; of the first seed the lines, and the weights found with x1*x2."""
    patterns = patterns_of(2).expand(len(lab.seeds), -1, -1)
    y = -patterns.prod(2)
    x = with_one(patterns)
    visited = torch.stack([each for each, _ in perceptron(x, y, PATTERNS, draws_of(lab.seeds))])
    best = torch.stack([right(weights, x, y) for weights in visited]).amax(0)
    lifted = with_product(patterns)
    for weights, _ in perceptron(lifted, y, PATTERNS, draws_of(lab.seeds)):
        found = weights[0]
    tried = np.unique(visited[:, 0], axis=0)
    tried = tried[tried[:, :2].any(1)]
    return {"xor_best": best.tolist()}, {"lines": tried.tolist(), "boundary": found.tolist()}


def _with_hidden_units(lab: Lab) -> dict[str, list[float]]:
    """XOR by gradients: through tanh units it is solved, through step units none comes."""
    starts = [STARTS * seed + start for seed in lab.seeds for start in range(STARTS)]
    x = patterns_of(2).float().expand(len(starts), -1, -1)
    y = -x.prod(2)
    smooth, step = (Stack((2, UNITS, 1), starts, act=act) for act in (torch.tanh, torch.sign))
    adam = Adam(smooth, RATE)
    for _ in lab.track(range(STEPS), "XOR with a hidden layer"):
        adam.step(F.softplus(-smooth(x)[..., 0] * y).mean(1))
    with torch.no_grad():
        solved = (smooth(x)[..., 0] * y > 0).all(1).float()
    [slopes] = torch.autograd.grad(F.softplus(-step(x)[..., 0] * y).sum(), step.weights[:1])
    shape = len(lab.seeds), -1
    return {
        "tanh_solves": solved.view(shape).mean(1).tolist(),
        "step_gradient": slopes.abs().reshape(shape).amax(1).tolist(),
    }


Curve = list[dict[str, Any]]


def flowers(positive: int, others: Sequence[int]) -> tuple[Tensor, Tensor]:
    """One species against others of iris: lengths in cm and a 1; classes 1 and -1."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    chosen = np.isin(bunch.target, [positive, *others])
    y = np.where(bunch.target[chosen] == positive, 1.0, -1.0)
    return with_one(torch.tensor(bunch.data[chosen])), torch.tensor(y)


def _orders(x: Tensor, y: Tensor, lab: Lab) -> tuple[Tensor, Tensor, list[torch.Generator]]:
    """The same flowers once for each seed and order."""
    seeds = [ORDERS * seed + order for seed in lab.seeds for order in range(ORDERS)]
    return x.repeat(len(seeds), 1, 1), y.repeat(len(seeds), 1), draws_of(seeds)


def _of_separable_flowers(lab: Lab) -> tuple[dict[str, list[float]], Curve]:
    one_x, one_y = flowers(0, (1, 2))
    x, y, draws = _orders(one_x, one_y, lab)
    steps = perceptron(x, y, SETTLED, draws)
    heard = lab.track(steps, "setosa against the rest", SETTLED * len(one_y))
    visited, wrong = zip(*heard, strict=True)
    mistakes = per_epoch(wrong, SETTLED)
    largest, bound = margin_and_bound(one_x, one_y)
    ways = visited[-1] / visited[-1].norm(dim=1, keepdim=True)
    margins = (torch.bmm(x, ways[:, :, None])[..., 0] * y).amin(1) / largest
    ways = ways.view(len(lab.seeds), ORDERS, -1)
    cosines = (ways @ ways.mT).clamp(-1, 1)
    angles = cosines.arccos().rad2deg().sum((1, 2)) / (ORDERS * (ORDERS - 1))
    numbers = {
        "part_of_bound": mistakes.sum(0).view(-1, ORDERS).amax(1) / bound,
        "late_mistakes": mistakes[-1].view(-1, ORDERS).amax(1),
        "margin": margins.view(-1, ORDERS).mean(1),
        "angle": angles,
    }
    return {name: each.tolist() for name, each in numbers.items()}, _curve(mistakes, PAIRS[0])


def _of_other_flowers(lab: Lab) -> tuple[dict[str, list[float]], Curve]:
    x, y, draws = _orders(*flowers(1, (2,)), lab)
    rows = x.shape[1]
    steps = perceptron(x, y, UNSETTLED, draws)
    scores, mistaken, total = [], [], torch.zeros_like(x[:, 0])
    for weights, wrong in lab.track(steps, "versicolor against virginica", UNSETTLED * rows):
        scores.append(right(weights, x, y))
        mistaken.append(wrong)
        total += weights
    mistakes, visited = per_epoch(mistaken, UNSETTLED), torch.stack(scores)
    best, last = visited.amax(0), visited[-LATE * rows :].mean(0)
    numbers = {
        "best": best,
        "last": last,
        "averaged": right(total, x, y),
        "best_less_last": best - last,
    }
    listed = {name: each.view(-1, ORDERS).mean(1).tolist() for name, each in numbers.items()}
    listed["epochs_without"] = (mistakes == 0).sum(0).view(-1, ORDERS).sum(1).tolist()
    return listed, _curve(mistakes, PAIRS[1])


def _curve(mistakes: Tensor, data: str) -> Curve:
    """By epoch the mean over seeds and orders with the fewest and the most, for a logarithmic axis."""
    looks = {round(1.2**power) for power in range(26)} | {len(mistakes)}
    return [
        {
            "data": data,
            "epoch": epoch,
            "mean": round(float(each.mean()), 2),
            "low": float(each.min()),
            "high": float(each.max()),
        }
        for epoch, each in enumerate(mistakes, start=1)
        if epoch in looks
    ]


def _parity(lab: Lab, given: Any) -> Tensor:
    """Test accuracy (seeds,) of the mean weights, even against odd digits."""
    data = digits(lab.seeds)
    x, y, draws = given(data.x), 1.0 - 2 * (data.y % 2), draws_of(lab.seeds)
    steps = perceptron(x, y, DIGITS, draws)
    total = torch.zeros_like(x[:, 0])
    for weights, _ in lab.track(steps, "even against odd digits", DIGITS * data.rows):
        total += weights
    return right(total, given(data.test_x), 1.0 - 2 * (data.test_y % 2))


def _mistakes_drawn(curves: Curve) -> Any:
    import altair as alt

    from unstuck.charts import LINE, OTHER, rows

    x = alt.X(
        "epoch:Q",
        scale=alt.Scale(type="log", domain=[1, UNSETTLED]),
        title="epoch",
        axis=alt.Axis(values=[1, 3, 10, 30, 100]),
    )
    y = alt.Y("mean:Q", scale=alt.Scale(domain=[0, 60]), title="mistakes per epoch")
    scale = alt.Scale(domain=list(PAIRS), range=[LINE, OTHER])
    legend = alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3, columns=1)
    chart = alt.Chart(rows(curves)).encode(
        x=x, color=alt.Color("data:N", title=None, scale=scale, legend=legend)
    )
    band = chart.mark_area(opacity=0.18, aria=False).encode(y=alt.Y("low:Q"), y2="high:Q")
    line = chart.mark_line(strokeWidth=2, aria=False).encode(y=y)
    return (band + line).properties(width=150, height=170, title="iris: one settles")
