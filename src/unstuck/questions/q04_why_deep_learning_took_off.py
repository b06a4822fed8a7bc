"""What made powerful neural networks practical in industry?

## Answer
Several causes together: large data sets, faster hardware, better algorithms (ReLU,
initialisation, normalisation, residual connections, Adam), software with automatic
differentiation, and transfer learning. Not universal approximation: it says that some
wide enough net comes as close as asked to a continuous function on a compact set, as
polynomials do; not that SGD finds it, from how much data, or what happens outside.
Examples: of 32 tanh units, the best of 4 starts fitted sin(2x) to 0.008 (RMSE) from -pi
to pi and missed by 1.4 up to 2 pi; of 8 units, the worst of 12 starts was ten times
worse than the best. A net that learned the sign of x1 x2 from 6400 examples (error
0.05) was near chance with 100 (0.43). Its hidden units, frozen, told large from small
x1^2 + x2^2 after 100 examples (error 0.19; from scratch 0.42), which the net as it was
could not (0.48). Such examples illustrate the causes; they cannot prove the history.

## Popular claims
- "neural networks are universal function approximators": only if read as an existence
  result on a compact set. It says nothing about learning, and other model families have
  it too.
- "transfer learning makes deep learning easier": right, where the source and target
  tasks are related (see q16).
- "faster and powerful computational resources": right. GPUs made large models
  affordable.
- "minutes with a GPU instead of days": only if the job is large and parallel; small
  nets gain little.
- "flexibility, transfer and hardware are the reasons": incomplete. Labelled data,
  algorithms and automatic-differentiation software are missing.

## Watch for it
Train on n/4, n/2 and n, with a linear baseline beside the net. A paired gap whose 95 %
interval holds 0 shows no gain (over seeds; rule out short training first).

## Remedy
Error still falls steeply with n: get more data or pre-training. Flat with high training
error: more capacity or longer training. No gain over the linear model: use the linear
model. Judge on held-out data.

## Sources
- Cybenko 1989, *Approximation by Superpositions of a Sigmoidal Function*
- Hornik, Stinchcombe & White 1989, *Multilayer Feedforward Networks are Universal
  Approximators*
- Raina, Madhavan & Ng 2009, *Large-scale Deep Unsupervised Learning using Graphics
  Processors*
- Deng et al. 2009, *ImageNet: A Large-Scale Hierarchical Image Database*
- Krizhevsky, Sutskever & Hinton 2012, *ImageNet Classification with Deep Convolutional
  Neural Networks*
- Yosinski et al. 2014, *How transferable are features in deep neural networks?*
- Sun et al. 2017, *Revisiting Unreasonable Effectiveness of Data in Deep Learning Era*
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unstuck.questions._arms import compared
from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Adam, Batches, Sgd, Stack, accuracy, cross_entropy, falling
from unstuck.questions._timing import seconds

STARTS, FIT = {1: 2, 8: 12, 32: 4}, 800
"""Nets of one seed that fit sin(2x), by their hidden units, and their steps."""

POINTS, DEGREE = 65, 15

INPUTS, UNITS, TEST = 20, 64, 1000
PRODUCT, DIGITS = (100, 800, 6400), (75, 300, 1200)
"""Training examples of the two tasks."""

STEPS, SIZE, RATE = 300, 50, 0.01

HIDDEN, DEEP_STEPS, DEEP_RATES = 8, 150, (0.03, 0.1, 0.3)

LARGE, SMALL = 64, 2
"""Rows and columns of the matrices that are multiplied."""

SOURCES = {"related": (0, 1), "unrelated": (2, 3)}
"""The inputs whose product a net learns before it meets a task of the first two."""

HISTORY = "a small example, which cannot say what made history"
COMPILED = "interpreter against compiled code on one core: no hardware differs"

MODELS = {"linear": (), "64 hidden units": (UNITS,)}

REPLAYS = ("linear-model",)

PREDICTIONS = (
    Prediction(
        "32 tanh units fitted to sin(2x) from -pi to pi, best of 4 starts: RMSE there",
        "inside", high=0.05, claim=1
    ),
    Prediction("the same net from pi to 2 pi: RMSE", "outside", low=0.4, claim=1),
    Prediction(
        "a polynomial of degree 15, from -pi to pi: RMSE", "polynomial", high=0.03, claim=1
    ),
    Prediction(
        "8 units, 12 starts: RMSE of the worst by that of the best, decimal logarithm",
        "starts", low=0.1, claim=1,
    ),
    Prediction(
        "sign of x1 x2 of 20 inputs, 64 hidden units: error with 100 examples",
        "product_few", low=0.3, claim=1, share=True,
    ),
    Prediction("the same with 6400 examples", "product_many", high=0.1, claim=1, share=True),
    Prediction(
        "a linear model with 6400 examples: error", "product_linear", low=0.4, claim=1, share=True
    ),
    Prediction(
        "size of x1^2 + x2^2, 100 examples, hidden units of the sign of x1 x2 under a new output "
        "layer: error less that from scratch",
        "related", high=-0.1, claim=2, limit=HISTORY,
    ),
    Prediction(
        "the net of the sign of x1 x2 as it is, classes named as fits best: error",
        "related_untouched", low=0.4, claim=2, limit=HISTORY, share=True,
    ),
    Prediction(
        "hidden units of the sign of x3 x4 under a new output layer: error less that from scratch",
        "unrelated", low=-0.03, claim=2, limit=HISTORY,
    ),
    Prediction(
        "product of 64 x 64 matrices on one core: time with tensors as a share of that with lists",
        "share_large", high=0.03, claim=5, limit=COMPILED,
    ),
    Prediction(
        "the same share, by that of 2 x 2 matrices",
        "share_by_size", high=0.1, claim=5, limit=COMPILED,
    ),
    Prediction(
        "digits, 64 hidden units: error with 75 examples less that with 1200",
        "data_gain", low=0.02, claim=5, limit=HISTORY,
    ),
    Prediction(
        "digits, 8 hidden layers, ReLU's initialisation (He), 150 steps, best of 3 rates on the "
        "test rows: accuracy with ReLU less that with sigmoid",
        "relu_gain", low=0.3, claim=5, limit=HISTORY,
    ),
    Prediction(
        "digits, 1200 examples: error of a linear model less that of 64 hidden units",
        "net_gain", low=0,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Nets fitted to a sine, two tasks by number of examples, lists against tensors."""
    fits, sine = _sine(lab)
    product, product_rows = _by_examples(PRODUCT, lambda rows: products(lab.seeds, rows), lab)
    digit, digit_rows = _by_examples(DIGITS, lambda rows: digits(lab.seeds, rows), lab)
    linear, net = MODELS
    few, many = DIGITS[0], DIGITS[-1]
    numbers = {
        "product_few": product[net, PRODUCT[0]].tolist(),
        "product_many": product[net, PRODUCT[-1]].tolist(),
        "product_linear": product[linear, PRODUCT[-1]].tolist(),
        "data_gain": (digit[net, few] - digit[net, many]).tolist(),
        "net_gain": (digit[linear, many] - digit[net, many]).tolist(),
        "relu_gain": (_deep(torch.relu, lab) - _deep(torch.sigmoid, lab)).tolist(),
    }
    curves = [each | {"task": "sign of a product"} for each in product_rows]
    curves += [each | {"task": "digits"} for each in digit_rows]
    return Measured(
        fits | numbers | _transfer(lab) | _computation(lab), {"sine": sine, "curves": curves}
    )


def picture(series: dict[str, Any]) -> Any:
    """A fit inside and outside the points it was fitted to; test error by number of examples."""
    import altair as alt

    from unstuck.charts import LINE, MARK, OTHER, TEXT, WASH, rows

    lines = alt.Scale(domain=["sin(2x)", "32 tanh units", f"degree {DEGREE}"])
    lines["range"] = [MARK, LINE, OTHER]
    x = alt.X("x:Q", title="x", scale=alt.Scale(domain=[-math.pi, 2 * math.pi], nice=False))
    known = alt.Chart(rows([{"x": -math.pi, "x2": math.pi}])).mark_rect(color=WASH, aria=False)
    fits = (
        alt.Chart(rows(series["sine"]))
        .mark_line(clip=True, strokeWidth=2, aria=False)
        .encode(
            x=x,
            y=alt.Y("y:Q", title=None, scale=alt.Scale(domain=[-3, 3])),
            color=alt.Color("fit:N", title=None, scale=lines),
            strokeDash=alt.StrokeDash(
                "fit:N",
                scale=alt.Scale(domain=lines["domain"], range=[[2, 2], [1, 0], [6, 3]]),
            ),
        )
    )
    left = alt.layer(known.encode(x=x, x2="x2:Q"), fits)
    curves = (
        alt.Chart(rows(series["curves"]))
        .mark_line(strokeWidth=2, aria=False)
        .encode(
            x=alt.X(
                "examples:Q",
                title="training examples",
                scale=alt.Scale(type="log", domain=[50, 10_000]),
                axis=alt.Axis(values=[100, 1000, 10_000]),
            ),
            y=alt.Y(
                "error:Q",
                title="test error",
                scale=alt.Scale(type="log", domain=[0.02, 1]),
                axis=alt.Axis(values=[0.02, 0.05, 0.1, 0.2, 0.5, 1]),
            ),
            color=alt.Color(
                "model:N", title=None, scale=alt.Scale(domain=list(MODELS), range=[OTHER, LINE])
            ),
            strokeDash=alt.StrokeDash(
                "task:N",
                title=None,
                legend=alt.Legend(symbolStrokeColor=MARK),
            ),
        )
    )
    heads = [
        alt.TitleParams(title, subtitle=below, subtitleColor=TEXT)
        for title, below in (
            ("fits of sin(2x)", "grey: where the points lie"),
            ("error by number of examples", "both axes logarithmic"),
        )
    ]
    return alt.hconcat(
        left.properties(width=270, height=220, title=heads[0]),
        curves.properties(width=230, height=220, title=heads[1]),
    ).resolve_scale(color="independent", strokeDash="independent")


def on(facts: Any) -> Iterator[str]:
    """How many examples and weights the person's run has, and whether a linear map does as well."""
    loaders = (facts.data or {}).get("loaders", ())
    samples = next((each["samples"] for each in loaders if each["trains"]), None)
    weights = sum(each["numel"] for each in facts.parameters or () if each["trainable"])
    if samples and weights:
        yield f"{samples:,} examples train {weights:,} weights"
    yield from compared(facts, {"linear-model": "with a linear map in place of the network"})


def _sine(lab: Lab) -> tuple[dict[str, list[float]], list[dict[str, Any]]]:
    """Errors of the fits inside and outside, and the curves of one of each kind."""
    x = torch.linspace(-math.pi, math.pi, POINTS)[None, :, None]
    inside, outside = _grid(-math.pi, math.pi), _grid(math.pi, 2 * math.pi)
    errors: dict[int, Tensor] = {}
    for width, times in lab.track(STARTS.items(), "nets fitted to a sine"):
        starts = [times * seed + start for seed in lab.seeds for start in range(times)]
        net = fitted(x, torch.sin(2 * x), width, starts)
        errors[width] = _rmse(net, inside).view(-1, times)
    away = _rmse(net, outside).view(-1, times)
    curve = net(_grid(-math.pi, 2 * math.pi).expand(len(starts), -1, -1)).detach()[0, :, 0]
    fit = np.polynomial.Chebyshev.fit(x.flatten(), torch.sin(2 * x).flatten(), DEGREE)
    whole = _grid(-math.pi, 2 * math.pi).flatten()
    gap = torch.sin(2 * inside).flatten() - torch.tensor(fit(inside.flatten().numpy()))
    few = errors[8]
    numbers = {
        "inside": errors[32].amin(1).tolist(),
        "outside": away.gather(1, errors[32].argmin(1, keepdim=True))[:, 0].tolist(),
        "polynomial": [float(gap.square().mean().sqrt())] * len(lab.seeds),
        "starts": (few.amax(1) / few.amin(1)).log10().tolist(),
        "width_1": errors[1].amin(1).tolist(),
    }
    drawn = {
        "sin(2x)": torch.sin(2 * whole),
        "32 tanh units": curve,
        f"degree {DEGREE}": torch.tensor(fit(whole.numpy())),
    }
    return numbers, [
        {"fit": name, "x": round(float(at), 3), "y": round(float(y), 3)}
        for name, values in drawn.items()
        for at, y in zip(whole[::4], values[::4], strict=True)
        if abs(y) < 10
    ]


def _grid(low: float, high: float) -> Tensor:
    return torch.linspace(low, high, 400)[None, :, None]


def fitted(x: Tensor, y: Tensor, width: int, seeds: Sequence[int]) -> Stack:
    """Nets with tanh units fitted to the points by Adam, at a falling rate."""
    net = Stack((1, width, 1), seeds, act=torch.tanh)
    for bias, draw in zip(net.arm(net.biases[0], 0), draws_of(seeds, 3000), strict=True):
        bias.normal_(0, 2, generator=draw)  # spread over the interval
    adam, many = Adam(net, 0.02), x.expand(len(seeds), -1, -1)
    for factor in falling(FIT):
        adam.step((net(many) - y).square().mean((1, 2)), factor)
    return net


def _rmse(net: Stack, x: Tensor) -> Tensor:
    with torch.no_grad():
        found = net(x.expand(len(net.seeds), -1, -1))
    return (found - torch.sin(2 * x)).square().mean((1, 2)).sqrt()


def products(seeds: Sequence[int], rows: int, pair: tuple[int, int] = (0, 1)) -> Data:
    """Normal inputs; the class is the sign of the product of two of them."""
    return _normal(seeds, rows, lambda x: x[..., pair[0]] * x[..., pair[1]] > 0)


def rings(seeds: Sequence[int], rows: int) -> Data:
    """The same inputs; the class is whether the first two lie far from the origin, as half of them do.

    It says nothing of the sign of their product, which changes with the sign of one of them.
    """
    median = 2 * math.log(2)  # of chi-squared with 2 degrees of freedom
    return _normal(seeds, rows, lambda x: x[..., :2].square().sum(-1) > median)


def _normal(seeds: Sequence[int], rows: int, rule: Callable[[Tensor], Tensor]) -> Data:
    x = torch.stack(
        [torch.randn(TEST + rows, INPUTS, generator=draw) for draw in draws_of(seeds, 500)]
    )
    y = rule(x).long()
    return Data(x[:, TEST:], y[:, TEST:], x[:, :TEST], y[:, :TEST])


def _by_examples(
    counts: Sequence[int], task: Callable[[int], Data], lab: Lab
) -> tuple[dict[tuple[str, int], Tensor], list[dict[str, Any]]]:
    """Test errors (seeds,) by model and examples, after as many steps with each."""
    errors: dict[tuple[str, int], Tensor] = {}
    for count in lab.track(counts, f"{counts[0]} to {counts[-1]} examples"):
        data = task(count)
        classes = int(data.y.max()) + 1
        for model, hidden in MODELS.items():
            net = Stack((data.x.shape[2], *hidden, classes), lab.seeds)
            errors[model, count] = _error(_trained(net, data), data)[0]
    rows = [
        {"model": model, "examples": count, "error": round(float(error.mean()), 4)}
        for (model, count), error in errors.items()
    ]
    return errors, rows


def _trained(net: Stack, data: Data) -> Stack:
    adam, epochs = Adam(net, RATE), math.ceil(STEPS / (data.rows // SIZE))
    order = islice(Batches(data, SIZE, epochs, net.seeds), STEPS)
    for (x, y), factor in zip(order, falling(STEPS), strict=True):
        adam.step(cross_entropy(net(x), y), factor)
    return net


def _error(net: Stack, data: Data) -> Tensor:
    return 1 - accuracy(net, data.test_x, data.test_y)


def _transfer(lab: Lab) -> dict[str, list[float]]:
    """With few examples: error of a new output layer on hidden units of another task, less scratch."""
    widths, target = (INPUTS, UNITS, 2), rings(lab.seeds, PRODUCT[0])
    scratch = _error(_trained(Stack(widths, lab.seeds), target), target)[0]
    found = {"few_from_scratch": scratch.tolist()}
    for name, pair in lab.track(SOURCES.items(), "pre-training"):
        task = products([50 + seed for seed in lab.seeds], PRODUCT[-1], pair)
        source = _trained(Stack(widths, lab.seeds), task)
        hidden, untouched = seen_by(source, target), _error(source, target)[0]
        error = _error(_trained(Stack(widths[1:], lab.seeds), hidden), hidden)[0]
        found[name] = (error - scratch).tolist()
        found[f"{name}_error"] = error.tolist()
        found[f"{name}_untouched"] = torch.minimum(untouched, 1 - untouched).tolist()
    return found


def seen_by(net: Stack, data: Data) -> Data:
    """The hidden units of a net in place of the inputs."""
    with torch.no_grad():
        x, test_x = (
            net.act(torch.baddbmm(net.biases[0], each, net.weights[0]))
            for each in (data.x, data.test_x)
        )
    return Data(x, data.y, test_x, data.test_y)


def _deep(act: Callable[[Tensor], Tensor], lab: Lab) -> Tensor:
    """Accuracy (seeds,) of deep nets on digits with the best of the rates."""
    data = digits(lab.seeds)
    net = Stack((64, *[32] * HIDDEN, 10), lab.seeds, arms=len(DEEP_RATES), act=act)
    sgd = Sgd(net, torch.tensor(DEEP_RATES).repeat_interleave(len(lab.seeds)), momentum=0.9)
    order = islice(Batches(data, SIZE, DEEP_STEPS, lab.seeds), DEEP_STEPS)
    for x, y in lab.track(order, "deep nets", DEEP_STEPS):
        sgd.step(cross_entropy(net(x), y))
    return accuracy(net, data.test_x, data.test_y).amax(0)


def _computation(lab: Lab) -> dict[str, list[float]]:
    """How many times faster tensors multiply matrices than lists; and a GPU, where there is one."""
    found: dict[str, list[float]] = {}
    for seed in lab.track(lab.seeds, "lists against tensors"):
        draw = torch.Generator().manual_seed(seed)
        large, small = (_share(torch.rand(2, n, n, generator=draw)) for n in (LARGE, SMALL))
        shares = {"share_large": large, "share_by_size": large / small}
        if torch.cuda.is_available():
            shares |= {f"gpu_share_{n}": _gpu_share(n) for n in (32, 2048)}
        for name, share in shares.items():
            found.setdefault(name, []).append(share)
    return found


def _share(pair: Tensor) -> float:
    """Of the time with lists, what tensors take."""
    one, other = pair
    lists = one.tolist(), other.tolist()
    times = 1 if len(one) == LARGE else 100
    return seconds(lambda: one @ other, 100) / seconds(lambda: list_product(*lists), times)


def _gpu_share(side: int) -> float:
    """Of the time that one core takes for a product of two matrices, what a GPU takes."""
    one = torch.rand(side, side)
    there = one.cuda()

    def on_gpu() -> None:
        there @ there
        torch.cuda.synchronize()

    return seconds(on_gpu, 20) / seconds(lambda: one @ one, 3)


def list_product(one: list[list[float]], other: list[list[float]]) -> list[list[float]]:
    """The product of two matrices, number by number."""
    columns = list(zip(*other, strict=True))
    return [[sum(map(float.__mul__, row, column)) for column in columns] for row in one]
