"""What does an ill-chosen learning rate do to the weights?

## Answer
Too low leaves them near their random start, so first-layer filters still look like
noise. Too high makes them huge and kills ReLU units; the filters then look smoother,
not noisier. On digits enlarged to 12 x 12 pixels (MLP with 32 hidden units, SGD with
momentum, 10 epochs) the filters changed by 0.01 of their size at lr 1e-4, by 1.1 at 0.1
and by 9.0 at 1; dead units were 1, 10 and 75 %; test accuracy 0.13, 0.96 and 0.60. The
correlation of neighbouring weights in a filter (0 is white noise) rose with the rate:
-0.01, 0.42, 0.76. Noisy filters do not prove a bad rate: from a start 6 times larger
the good rate left them noise (0.01), and accuracy was 0.95; the usual start was still
noise after 5 updates. Weight decay smoothed the large start (0.73). Open point: these
images are small, grey and smooth; natural images were not tried.

## Popular claims
- "with images, an improper rate causes noisy features": only if the rate is too low.
  Too high a rate gave smoother, huge filters and dead units. Noise has other causes
  too: a large start without weight decay, few updates.
- "it determines prediction quality; unconverged network": right, in both directions.
  But generic: it does not say which sign shows which direction.

## Watch for it
Rough: relative change below 0.05 after 5 epochs (not moved); above 5, or dead units
above 30 % (blown). Frozen layers, large starts, filters below 5x5 and batch
normalisation mislead.

## Remedy
Multiply the rate by 10 if the filters have not moved, divide by 10 if they blew up;
consider weight decay. Aim for a relative change of 0.1 to 3 and few dead units.

## Sources
- CS231n course notes, *Visualizing what ConvNets learn* (noisy and dead filters)
- Chizat, Oyallon & Bach 2019, *On Lazy Training in Differentiable Programming* (large
  starts)
"""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, digits
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._run import missing, rates_in_use
from unstuck.questions._stack import Batches, Sgd, Stack, accuracy, cross_entropy, per_arm
from unstuck.records.series import finite

SIDE = 12
"""Pixels to which the digits are enlarged, so that neighbours are alike and filters can be seen."""

WIDTHS = (SIDE * SIDE, 32, 10)
TRAIN, BATCH, EPOCHS, MOMENTUM = 1000, 50, 10, 0.9
RATES = (1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0)
LOW, GOOD, HIGH = (RATES.index(rate) for rate in (1e-4, 0.1, 1.0))

LARGE, DECAYED = len(RATES), len(RATES) + 1
TIMES, DECAY = 6, 0.02
"""At the good rate: filters that start so many times larger, without and with weight decay."""

SOON = 5
"""Updates after which a good rate is looked at, too."""

NETS = 4
"""Of one seed, each with its own split: their mean scatters less."""

DRAWN, LEVELS, SIZE = 6, 3, 32
"""Filters of a net that are drawn, shades of each sign, and pixels a side on the page."""

SHOWN = {
    "smoothness": "correlation of neighbours in a filter",
    "accuracy": "test accuracy",
    "dead": "dead units",
}

PREDICTIONS = (
    Prediction(
        "rate 1000 times too low: correlation of neighbouring weights of a filter (0 is white noise)",
        "low_smoothness", -0.05, 0.05, claim=1,
    ),
    Prediction("the same: change of the filters, relative to their start", "low_change", high=0.05, claim=1),
    Prediction(
        "rate 10 times too high: the correlation less that at the good rate",
        "high_less_good", low=0.15, claim=1,
    ),
    Prediction(
        "rates of 0.001, 0.01, 0.1 and 1: smallest gain of the correlation from one to the next",
        "smallest_gain", low=0.1, claim=1,
    ),
    Prediction("good rate after 5 updates: the correlation", "soon_smoothness", high=0.1, claim=1),
    Prediction(
        "good rate, filters that start 6 times larger: the correlation after training",
        "large_smoothness", high=0.1, claim=1,
    ),
    Prediction(
        "the same: test accuracy less that of the usual start", "large_gain", -0.03, 0.03, claim=1
    ),
    Prediction(
        "the same with weight decay of the filters: the correlation", "decayed_smoothness",
        low=0.15, claim=1,
    ),
    Prediction(
        "rate 1000 times too low: test accuracy less that at the good rate",
        "low_accuracy", high=-0.3, claim=2,
    ),
    Prediction(
        "rate 10 times too high: test accuracy less that at the good rate",
        "high_accuracy", high=-0.08, claim=2,
    ),
    Prediction(
        "the same: change of the filters, relative to their start", "high_change", low=3, claim=2
    ),
    Prediction(
        "the same: share of units that are 0 for every test image, less that at the good rate",
        "high_dead", low=0.25, claim=2,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Enlarged digits, 144-32-10 with ReLU and momentum: seven rates, and two other starts."""
    starts = [NETS * seed + net for seed in lab.seeds for net in range(NETS)]
    data = enlarged(digits(starts, TRAIN))
    net = Stack(WIDTHS, starts, arms=len(RATES) + 2)
    for arm in (LARGE, DECAYED):
        net.arm(net.weights[0], arm).mul_(TIMES)
    before = net.weights[0].detach().clone()
    soon = _train(net, data, lab)
    seen = {
        "smoothness": smoothness(net.weights[0].detach()),
        "change": _norm(net.weights[0].detach() - before) / _norm(before),
        "dead": _dead(net, data.test_x),
        "accuracy": accuracy(net, data.test_x, data.test_y).flatten(),
    }
    means = {name: each.view(net.arms, -1, NETS).mean(2) for name, each in seen.items()}
    numbers = {name: each.tolist() for name, each in _judge(means).items()}
    numbers["soon_smoothness"] = soon.view(net.arms, -1, NETS).mean(2)[GOOD].tolist()
    return Measured(numbers, {"rates": _rows(means), "filters": _filters(net)})


def picture(series: dict[str, Any]) -> Any:
    """Filters of four nets; below them what became of the filters and units at every rate."""
    import altair as alt

    from unstuck.charts import SERIES, rows

    shown = [_drawn(name, filters) for name, filters in series["filters"].items()]
    names = list(SHOWN.values())
    x = alt.X("rate:Q", title="learning rate", axis=alt.Axis(format="~g", values=list(RATES)))
    y = alt.Y("mean:Q", title=None, scale=alt.Scale(domain=[-0.05, 1]))
    kind = alt.Color(
        "what:N",
        title=None,
        sort=names,
        scale=alt.Scale(domain=names, range=list(SERIES[:3])),
        legend=alt.Legend(labelLimit=0),
    )
    below = alt.Chart(rows(series["rates"])).encode(
        x=x.scale(type="log", domain=[RATES[0], RATES[-1]], nice=False),
        color=kind,
        shape=alt.Shape("what:N", legend=None),
    )
    lines = below.mark_line(strokeWidth=2, aria=False).encode(y=y)
    points = below.mark_point(size=40, strokeWidth=1.5, aria=False).encode(y=y)
    return alt.vconcat(
        alt.hconcat(*shown[:2], spacing=30),
        alt.hconcat(*shown[2:], spacing=30),
        (lines + points).properties(width=480, height=200),
    ).resolve_scale(color="independent", shape="independent")


def _drawn(name: str, filters: list[list[int]]) -> Any:
    """A row of filters; all squares of one shade and filter are one mark."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, rows

    marks = [
        {
            "filter": place,
            "path": _squares(levels, level),
            "color": LINE if level > 0 else OTHER,
            "opacity": abs(level) / LEVELS,
        }
        for place, levels in enumerate(filters)
        for level in sorted({each for each in levels if each})
    ]
    across = alt.Scale(domain=[-0.5, DRAWN - 0.5], nice=False)
    return (
        alt.Chart(rows(marks))
        .mark_point(size=SIZE**2, filled=True, strokeWidth=0, aria=False)
        .encode(
            x=alt.X("filter:Q", axis=None, scale=across),
            shape=alt.Shape("path:N", scale=None),
            fill=alt.Fill("color:N", scale=None),
            opacity=alt.Opacity("opacity:Q", scale=None),
        )
        .properties(width=DRAWN * (SIZE + 8), height=SIZE + 8, title=name)
    )


def _squares(levels: list[int], level: int) -> str:
    """The pixels of one level, runs of them as one, in a square from -1 to 1."""
    cell, parts = 2 / SIDE, []
    for row in range(SIDE):
        column = 0
        for each, run in groupby(levels[row * SIDE : (row + 1) * SIDE]):
            length = len(list(run))
            if each == level:
                left, top = column * cell - 1, row * cell - 1
                parts.append(f"M{left:.3f},{top:.3f}h{length * cell:.3f}v{cell:.3f}H{left:.3f}z")
            column += length
    return "".join(parts)


def on(facts: Any) -> Iterator[str]:
    """The rates in use, how smooth the first filters are, how far they moved, and dead units."""
    yield from rates_in_use(facts)
    if facts.filters is None:
        yield from missing(facts, "filters", "first-layer filters were")
    for each in facts.filters or ():
        yield from _of_filters(each)
    yield from _of_units(facts.activations or ())


def _of_filters(known: dict[str, Any]) -> Iterator[str]:
    size = "x".join(map(str, known["kernel"]))
    looks = finite(known["smooth"])
    if looks and min(known["kernel"]) > 1:
        (first, began), (last, ended) = looks[0], looks[-1]
        yield (
            f"neighbouring weights of the {size} filters of {known['name']} correlate by {began:.2f} "
            f"after {first:.0f} updates and by {ended:.2f} after {last:.0f} (0 is white noise)"
        )
    if known["change"] is not None and math.isfinite(known["change"]):
        yield (
            f"the {size} filters of {known['name']} have moved by {known['change']:.2g} of their size "
            f"in {known['updates']} updates"
        )


def _of_units(activations: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Of the layer with the most units that were 0 for long: in one batch that is no death."""
    seen = [
        (looks[-1]["dead_for_long"], looks[-1]["step"], each)
        for each in activations
        if (looks := [look for look in each["looks"] if look["dead_for_long"] is not None])
    ]
    if seen:
        share, step, layer = max(seen, key=lambda one: one[0])
        yield (
            f"{share:.0%} of the {layer['units']} units of the {layer['kind']} after "
            f"{layer['layer']} were 0 for all that was seen in the three looks up to step {step}"
            + ("; no layer has more" if len(seen) > 1 else "")
        )


def enlarged(data: Data) -> Data:
    """The images with ``SIDE`` pixels a side, less the mean of all training pixels."""
    x, test_x = (
        F.interpolate(each.view(*each.shape[:2], 8, 8), size=(SIDE, SIDE), mode="bilinear").flatten(
            2
        )
        for each in (data.x, data.test_x)
    )
    mean = x.mean((1, 2), keepdim=True)
    return Data(x - mean, data.y, test_x - mean, data.test_y)


def smoothness(weights: Tensor) -> Tensor:
    """Of each net (nets, pixels, units): how neighbouring weights within a filter correlate."""
    filters = weights.double().mT.reshape(len(weights), -1, SIDE, SIDE)
    centred = filters - filters.mean((2, 3), keepdim=True)
    down = (centred[:, :, 1:] * centred[:, :, :-1]).mean((1, 2, 3))
    right = (centred[..., 1:] * centred[..., :-1]).mean((1, 2, 3))
    return (down + right) / 2 / centred.square().mean((1, 2, 3))


def _train(net: Stack, data: Data, lab: Lab) -> Tensor:
    """Train all arms; the smoothness (nets,) after the first few updates."""
    rates = [*RATES, RATES[GOOD], RATES[GOOD]]
    decay = per_arm([DECAY if arm == DECAYED else 0.0 for arm in range(net.arms)], net.seeds)
    sgd = Sgd(net, per_arm(rates, net.seeds), MOMENTUM)
    soon = torch.zeros(0)
    order = Batches(data, BATCH, EPOCHS, net.seeds)
    for step, (x, y) in enumerate(lab.track(order, f"{len(RATES)} rates and two starts"), start=1):
        penalty = decay * net.weights[0].square().sum((1, 2)) / 2
        sgd.step(cross_entropy(net(x), y) + penalty)
        if step == SOON:
            soon = smoothness(net.weights[0].detach())
    return soon


def _norm(weights: Tensor) -> Tensor:
    return weights.square().sum((1, 2)).sqrt()


def _dead(net: Stack, x: Tensor) -> Tensor:
    """Of each net: the share of hidden units that are 0 for every image."""
    with torch.no_grad():
        inputs = torch.baddbmm(net.biases[0], x.repeat(net.arms, 1, 1), net.weights[0])
    return (inputs <= 0).all(1).float().mean(1)


def _judge(means: dict[str, Tensor]) -> dict[str, Tensor]:
    """One value a seed for each number, of means (arms, seeds)."""
    smooth, change = means["smoothness"], means["change"]
    dead, scores = means["dead"], means["accuracy"]
    tenfold = [smooth[RATES.index(rate)] for rate in (1e-3, 1e-2, 0.1, 1.0)]
    return {
        "low_smoothness": smooth[LOW],
        "low_change": change[LOW],
        "high_less_good": smooth[HIGH] - smooth[GOOD],
        "smallest_gain": torch.stack(tenfold).diff(dim=0).amin(0),
        "large_smoothness": smooth[LARGE],
        "large_gain": scores[LARGE] - scores[GOOD],
        "decayed_smoothness": smooth[DECAYED],
        "decayed_gain": scores[DECAYED] - scores[GOOD],
        "low_accuracy": scores[LOW] - scores[GOOD],
        "high_accuracy": scores[HIGH] - scores[GOOD],
        "high_change": change[HIGH],
        "high_dead": dead[HIGH] - dead[GOOD],
        "good_smoothness": smooth[GOOD],
        "good_change": change[GOOD],
        "good_dead": dead[GOOD],
        "good_accuracy": scores[GOOD],
    }


def _rows(means: dict[str, Tensor]) -> list[dict[str, Any]]:
    """Means over the seeds, for every rate."""
    return [
        {"rate": rate, "what": what, "mean": round(float(means[name][arm].mean()), 3)}
        for name, what in SHOWN.items()
        for arm, rate in enumerate(RATES)
    ]


def _filters(net: Stack) -> dict[str, list[list[int]]]:
    """Of the first net of four arms some filters in shades, each as part of its largest weight."""
    arms = {f"rate {RATES[arm]:g}": arm for arm in (LOW, GOOD, HIGH)}
    arms[f"rate {RATES[GOOD]:g}, start {TIMES} times larger"] = LARGE
    found = {}
    for name, arm in arms.items():
        filters = net.arm(net.weights[0], arm)[0].T[:DRAWN]
        shades = LEVELS * filters / filters.abs().amax(1, keepdim=True)
        found[name] = shades.round().int().tolist()
    return found
