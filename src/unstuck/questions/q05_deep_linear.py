"""Can you build a deep model out of linear layers only?

## Answer
Yes, but it computes one linear map: the weight matrices multiply out to a single one,
exactly, and a narrow layer only limits its rank. On two circles linear nets, deep or
wide, stay near 0.5 (no straight line passes about two thirds); ReLU reached 0.99. What
depth changes is the learning. The loss is no longer convex, plateaus and sudden drops
appear, and strong directions of the target are learned first: where strengths differ
8-fold, one layer learned all at the same time; two layers needed 6 times as long for
the weakest as for the strongest. And from a small start, gradient training of products
prefers low rank. Of a 40x40 matrix of rank 2, 35 % of the entries seen, nets of 1, 2
and 3 layers all fitted those; the error on the unseen entries was 0.1 with 2 layers and
0.002 with 3, relative to 1 layer, which never moves them. Where the target has no such
structure, that preference brings nothing.

## Popular claims
- "possible, and a composition of linear functions is linear": right. Exact, up to
  rounding.
- "linear layers suffice if the problem is linear": right. A single linear layer then
  suffices too, and it needed less data than a ReLU net.
- "nothing extraordinary can be achieved": wrong. The set of functions stays the same,
  but depth changes which solution training finds and how fast.
- "more nodes will not increase predictive power": only if that means the set of
  functions. The solution found can generalise far better (matrix completion).

## Watch for it
Linear or Conv layers with nothing non-linear between: f(x+y) - f(x) - f(y) + f(0) is 0
(relative gap < 1e-5, rough; float32). Low-rank factors such as LoRA do so on purpose.

## Remedy
Put a ReLU or GELU between the layers, or fuse them into one. Check that the training
loss falls below the best linear fit, or that fused outputs agree to 1e-6.

## Sources
- Baldi & Hornik 1989, *Neural Networks and Principal Component Analysis: Learning from
  Examples Without Local Minima*
- Saxe, McClelland & Ganguli 2014, *Exact solutions to the nonlinear dynamics of
  learning in deep linear neural networks*
- Gunasekar et al. 2017, *Implicit Regularization in Matrix Factorization*
- Arora, Cohen & Hazan 2018, *On the Optimization of Deep Networks: Implicit
  Acceleration by Overparameterization*
- Arora et al. 2019, *Implicit Regularization in Deep Matrix Factorization*
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Act, Adam, Batches, Sgd, Stack, accuracy, cross_entropy

STRENGTHS = (4.0, 2.0, 1.0, 0.5)
"""Singular values of the target: each half of the one before, so that each should take twice as long."""

NO_LINE = 0.8
"""A line that cuts off what it can of the outer circle classifies two thirds of the points rightly, of
few points by chance some more."""

SIZE, START, RATE, STEPS = 10, 1e-3, 0.01, 1300
"""Of the square target that is learned; START is the size of the product of the first weights."""

EVERY = 40
MATRIX, RANK, SEEN, UPDATES = 40, 2, 0.35, 1500

PREDICTIONS = (
    Prediction(
        "digits: largest distance of the trained 4-layer linear net to one matrix",
        "collapse_gap", high=1e-10, claim=1,
    ),
    Prediction(
        "two circles: accuracy of the 4-layer linear net",
        "circles_deep", high=NO_LINE, claim=1, share=True,
    ),
    Prediction(
        "two circles: accuracy of the same net with ReLU",
        "circles_relu", low=0.95, share=True,
    ),
    Prediction(
        "linear target: held-out error of one linear layer, relative to the noise",
        "linear_over_noise", high=1.15, claim=2,
    ),
    Prediction(
        "linear target: held-out error of a ReLU net, relative to that of one linear layer",
        "relu_over_linear", low=1.0, claim=2,
    ),
    Prediction(
        "one layer: steps to half of the weakest direction over those of the strongest",
        "wait_1", 0.8, 1.25, claim=3,
    ),
    Prediction(
        "two linear layers: the same ratio, for strengths that differ 8-fold",
        "wait_2", 4.0, 12.0, claim=3,
    ),
    Prediction(
        "matrix completion: error on unseen entries, 3 layers relative to 1",
        "unseen_3_over_1", high=0.1, claim=3,
    ),
    Prediction(
        "matrix completion: largest error on the seen entries, any depth", "seen_error", high=1e-2
    ),
    Prediction(
        "two circles: accuracy of the linear net 4 times as wide",
        "circles_wide", high=NO_LINE, claim=4, share=True,
    ),
    Prediction(
        "matrix completion: error on unseen entries, with 40 more units (2 layers) relative to 1",
        "unseen_2_over_1", high=0.3, claim=4,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits, two circles, a linear target; four directions to learn; a matrix to complete."""
    numbers = _collapse(lab) | _circles(lab) | _linear_target(lab)
    curves: list[dict[str, Any]] = []
    for depth in (1, 2):
        strengths = _learn_directions(depth, lab)
        numbers[f"wait_{depth}"] = _wait(strengths)
        curves += _rows(strengths, depth)
    unseen: dict[int, list[float]] = {}
    seen = []
    for depth in (1, 2, 3):
        fitted, unseen[depth] = _complete(depth, lab)
        seen.append(fitted)
    for depth in (2, 3):
        pairs = zip(unseen[depth], unseen[1], strict=True)
        numbers[f"unseen_{depth}_over_1"] = [deep / flat for deep, flat in pairs]
    numbers["seen_error"] = [max(errors) for errors in zip(*seen, strict=True)]
    completion = [
        {"layers": depth, "error": float(f"{error:.3g}"), "seed": seed}
        for depth, errors in unseen.items()
        for seed, error in zip(lab.seeds, errors, strict=True)
    ]
    return Measured(numbers, {"directions": curves, "completion": completion})


def picture(series: dict[str, Any]) -> Any:
    """How strongly each direction is learned, step by step; the error of the completed matrices."""
    import altair as alt

    from unstuck.charts import LINE, SERIES, rows

    names = [f"{strength:g}" for strength in STRENGTHS]
    learned = alt.Chart(rows(series["directions"])).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(values=[0, 400, 800, 1200])),
        color=alt.Color("strength:N", legend=None).scale(domain=names, range=list(SERIES)),
    )
    band = learned.mark_area(opacity=0.2, interpolate="monotone", aria=False).encode(
        y=alt.Y("low:Q", title="learned share").scale(domain=[0, 1.05]), y2="high:Q"
    )
    line = learned.mark_line(interpolate="monotone", aria=False).encode(y="mean:Q")
    names_of_lines = (
        learned.transform_filter("datum.layers == 2 && datum.mean >= 0.5")
        .transform_aggregate(step="min(step)", groupby=["strength"])
        .mark_text(align="left", dx=1, fontSize=12, aria=False)
        .encode(y=alt.datum(0.5), text="strength:N")
    )
    curves = band + line
    panels = [
        chart.transform_filter(f"datum.layers == {depth}").properties(
            width=200, height=170, title=title
        )
        for depth, chart, title in (
            (1, curves, "one linear layer: strengths alike"),
            (2, curves + names_of_lines, "two: by strength"),
        )
    ]
    completion = (
        alt.Chart(rows(series["completion"]))
        .mark_point(size=48, color=LINE, strokeWidth=1.5, aria=False)
        .encode(
            x=alt.X("layers:O", title="linear layers", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("error:Q", title="error on unseen entries")
            .scale(type="log", domain=[1e-5, 15])
            .axis(values=[1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10]),
        )
        .properties(width=110, height=170, title="matrix completion")
    )
    return alt.hconcat(*panels, completion)


def on(facts: Any) -> Iterator[str]:
    """Which layers of the person's net have nothing non-linear between them."""
    layers = facts.layers
    if layers is None or not layers["edges"]:
        return
    nodes = {node["name"]: node for node in layers["nodes"]}
    straight = [
        (nodes[edge["source"]], nodes[edge["target"]], edge["operations"])
        for edge in layers["edges"]
        if edge["straight"] and edge["source"] in nodes and edge["target"] in nodes
    ]
    for source, target, operations in straight[:3]:
        between = ", ".join(operations) or "nothing"
        yield (
            f"{source['name']} ({source['inputs']} -> {source['outputs']}) feeds {target['name']} "
            f"({target['inputs']} -> {target['outputs']}) with only linear operations between them "
            f"({between}): the two are one linear map"
        )
    if len(straight) > 3:
        yield f"so are {len(straight) - 3} more pairs of layers"
    if not straight:
        found = ", ".join(layers["functions"]) or "a normalisation or a product"
        yield f"no layer feeds the next by linear operations alone; there are: {found}"
    if layers["opaque"]:
        yield "a compiled, checkpointed or custom function hides some layers: they are not counted"


def _same(x: Tensor) -> Tensor:
    return x


def _collapse(lab: Lab) -> dict[str, list[float]]:
    """How far the trained deep net is from the one matrix and the one bias that it multiplies to."""
    data = digits(lab.seeds)
    data = Data(data.x.double(), data.y, data.test_x.double(), data.test_y)
    net = Stack((64, 32, 32, 32, 10), lab.seeds, act=_same, dtype=torch.float64)
    sgd = Sgd(net, 0.1)
    for x, y in lab.track(Batches(data, 32, 3, lab.seeds), "a linear net on digits"):
        sgd.step(cross_entropy(net(x), y))
    with torch.no_grad():
        matrix, bias = _product(net)
        gap = (torch.baddbmm(bias, data.test_x, matrix) - net(data.test_x)).abs().amax((1, 2))
    return {"collapse_gap": gap.tolist()}


def _product(net: Stack) -> tuple[Tensor, Tensor]:
    matrix, bias = net.weights[0], net.biases[0]
    for weight, offset in zip(net.weights[1:], net.biases[1:], strict=True):
        matrix, bias = matrix @ weight, bias @ weight + offset
    return matrix, bias


def _circles(lab: Lab) -> dict[str, list[float]]:
    """Two classes that no straight line separates: one circle inside the other."""
    data = _two_circles(lab)
    nets: dict[str, tuple[int, Act]] = {
        "circles_deep": (16, _same), "circles_wide": (64, _same), "circles_relu": (16, torch.relu),
    }  # fmt: skip
    scores = {}
    for name, (width, act) in lab.track(nets.items(), "nets on two circles"):
        net = Stack((2, width, width, width, 2), lab.seeds, act=act)
        adam = Adam(net, 0.01)
        for _ in range(150):
            adam.step(cross_entropy(net(data.x), data.y))
        scores[name] = accuracy(net, data.test_x, data.test_y)[0].tolist()
    return scores


def _two_circles(lab: Lab) -> Data:
    from sklearn.datasets import make_circles

    drawn = [make_circles(3000, noise=0.1, factor=0.5, random_state=seed) for seed in lab.seeds]
    x = torch.stack([torch.tensor(points, dtype=torch.float32) for points, _ in drawn])
    y = torch.stack([torch.tensor(classes) for _, classes in drawn])
    return Data(x[:, :1000], y[:, :1000], x[:, 1000:], y[:, 1000:])


def _linear_target(lab: Lab) -> dict[str, list[float]]:
    """A target that is linear in 20 inputs, with noise of variance 1, from 800 rows."""
    rows, held = slice(800), slice(800, None)
    draws = draws_of(lab.seeds)
    x = _normal(draws, 2800, 20)
    noise = _normal(draws, 2800, 1)
    y = x @ _normal(draws, 20, 1) + noise
    errors = {}
    for name, widths in (("linear", (20, 1)), ("relu", (20, 64, 1))):
        net = Stack(widths, lab.seeds, dtype=torch.float64)
        adam = Adam(net, 0.02)
        for _ in lab.track(range(300), f"a linear target, {name}"):
            adam.step(F.mse_loss(net(x[:, rows]), y[:, rows], reduction="none").mean((1, 2)))
        with torch.no_grad():
            errors[name] = (net(x[:, held]) - y[:, held]).square().mean((1, 2))
    least = noise[:, held].square().mean((1, 2))
    return {
        "linear_over_noise": (errors["linear"] / least).tolist(),
        "relu_over_linear": (errors["relu"] / errors["linear"]).tolist(),
    }


def _normal(draws: list[torch.Generator], *shape: int) -> Tensor:
    drawn = [torch.randn(*shape, generator=draw, dtype=torch.float64) for draw in draws]
    return torch.stack(drawn)


def _learn_directions(depth: int, lab: Lab) -> Tensor:
    """The share of each direction's strength in the product, (seeds, steps, directions).

    Gradient descent on half the squared distance to the target, which is what whitened inputs give.
    """
    draws = draws_of(lab.seeds)
    left, right, *first = (torch.linalg.qr(_normal(draws, SIZE, SIZE)).Q for _ in range(2 + depth))
    left, right = left[:, :, : len(STRENGTHS)], right[:, :, : len(STRENGTHS)]
    strengths = torch.tensor(STRENGTHS, dtype=torch.float64)
    target = (left * strengths) @ right.mT
    weights = [(START ** (1 / depth) * each).requires_grad_() for each in first]
    seen = []
    for _ in lab.track(range(STEPS), f"four directions, depth {depth}"):
        product = weights[0]
        for weight in weights[1:]:
            product = weight @ product
        seen.append((left * (product.detach() @ right)).sum(1) / strengths)
        slopes = torch.autograd.grad((product - target).square().sum() / 2, weights)
        with torch.no_grad():
            for weight, slope in zip(weights, slopes, strict=True):
                weight.sub_(RATE * slope)
    return torch.stack(seen, 1)


def _wait(shares: Tensor) -> list[float]:
    """Steps until half of the weakest direction is learned, over those of the strongest."""
    passed = (shares < 0.5).sum(1).clamp_min(1)
    return (passed[:, -1] / passed[:, 0]).tolist()


def _rows(shares: Tensor, depth: int) -> list[dict[str, Any]]:
    mean, low, high = shares.mean(0), shares.amin(0), shares.amax(0)
    return [
        {
            "layers": depth,
            "strength": f"{strength:g}",
            "step": step,
            "mean": round(mean[step, each].item(), 3),
            "low": round(low[step, each].item(), 3),
            "high": round(high[step, each].item(), 3),
        }
        for each, strength in enumerate(STRENGTHS)
        for step in range(0, STEPS, EVERY)
    ]


def _complete(depth: int, lab: Lab) -> tuple[list[float], list[float]]:
    """Mean squared errors on the seen and the unseen entries of a matrix of low rank.

    From a small start, by Adam; the entries of the matrix have variance 1.
    """
    draws = draws_of(lab.seeds)
    factors = _normal(draws, 2, MATRIX, RANK)
    target = factors[:, 0] @ factors[:, 1].mT / math.sqrt(RANK)
    seen = torch.stack([torch.rand(MATRIX, MATRIX, generator=draw) < SEEN for draw in draws])
    scale = START ** (1 / depth) / math.sqrt(MATRIX)
    weights = [(scale * _normal(draws, MATRIX, MATRIX)).requires_grad_() for _ in range(depth)]
    optimizer = torch.optim.Adam(weights, lr=0.02)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, UPDATES)
    for _ in lab.track(range(UPDATES), f"completing a matrix, depth {depth}"):
        product = weights[0]
        for weight in weights[1:]:
            product = weight @ product
        wrong = (product - target).square()
        slopes = torch.autograd.grad(_mean_where(seen, wrong).sum(), weights)
        for weight, slope in zip(weights, slopes, strict=True):
            weight.grad = slope
        optimizer.step()
        decay.step()
    wrong = wrong.detach()
    return _mean_where(seen, wrong).tolist(), _mean_where(~seen, wrong).tolist()


def _mean_where(chosen: Tensor, values: Tensor) -> Tensor:
    return (values * chosen).sum((1, 2)) / chosen.sum((1, 2))
