"""Why use convolutions rather than fully connected layers for images?

## Answer
Because they build in two facts about images: neighbouring pixels belong together, and a
pattern means the same wherever it is. The same small kernel is used everywhere, so
there are few weights and each is trained by every position. A stride-1 convolution is
equivariant: shift the input and the output shifts along (away from borders).
Approximate invariance comes from pooling, and stride breaks both: trained on centred
digits, a net with stride 2 and global pooling lost most of its accuracy at a shift of 1
pixel, but little at 2; with stride 1 it did not. On digits at random places the
convolutional net beat a fully connected one with three times its weights by 15 points;
with all pixels scrambled in one fixed way it lost 45 points, the other one nothing. On
centred digits it had no advantage. A fully connected net can learn position, from data:
with each digit at a new place at every step it reached 0.86.

## Popular claims
- "each kernel acts as its own feature detector": right. Silencing one hurts some
  classes much more than others. Sharing it over positions is what saves weights.
- "partially built-in translation invariance": only if pooling follows. The convolution
  itself is equivariant, and stride breaks even that.
- "fully connected layers have no relative spatial information": only if that means no
  built-in prior; they can learn position from data.
- "convolutions preserve and use spatial information": incomplete. Weight sharing, hence
  fewer parameters, is missing.

## Watch for it
Shift validation images by 1-4 pixels and count changed predictions. Odd shifts worse
than even: stride. Border padding, or labels that depend on position, mislead.

## Remedy
Global pooling, blur before downsampling, or shift augmentation. Check that fewer
predictions change and that clean accuracy is not worse.

## Sources
- LeCun et al. 1998, *Gradient-Based Learning Applied to Document Recognition*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapter 9
- Azulay & Weiss 2018, *Why do deep convolutional networks generalize so poorly to small
  image transformations?*
- Zhang 2019, *Making Convolutional Networks Shift-Invariant Again*
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions import _shifts
from unstuck.questions._convs import KERNEL, SIDE, Convs, shown
from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Adam, Batches, Stack, accuracy, cross_entropy, falling

CANVAS, MARGIN = 12, 2
"""Pixels a side, and round a centred digit."""

ROWS = 800
CHANNELS = (12, 24)
MLP = (CANVAS**2, 56, 10)
"""8,690 weights and biases, the convolutional net has 2,986: it does not win by its size."""

RATE, BATCH = 1e-2, 32
EPOCHS, LONG = 9, 30
"""The fully connected nets are trained long, until more gains nothing; the others still improve."""
PLACE_DRAWS = 2000
"""Draws of places are not those of starts and orders."""

SHIFTS = (-2, -1, 0, 1, 2)


MEASUREMENTS = ("shifts",)


def every_second(maps: Tensor) -> Tensor:
    """What a stride of 2 leaves."""
    return maps[..., ::2, ::2]


def all_of(maps: Tensor) -> Tensor:
    """Stride 1."""
    return maps


NETS = ("convolutions, stride 2", "convolutions, stride 1", "fully connected")
PLACES = ("random places", "random places, pixels scrambled")

PREDICTIONS = (
    Prediction(
        "silencing one kernel of the second layer: recall that its worst class loses more than "
        "the average class, mean over kernels",
        "own_feature", low=0.05, claim=1,
    ),
    Prediction(
        "shifting before or after a convolution of stride 1: largest difference",
        "equivariance", high=1e-12, claim=2,
    ),
    Prediction(
        "how much the output of the convolution itself changes when the input shifts, relative",
        "not_invariant", low=0.1, claim=2,
    ),
    Prediction(
        "the same, of its largest value per channel over all positions",
        "pooled", high=1e-12, claim=2,
    ),
    Prediction(
        "trained on centred digits, stride 2: accuracy at shifts of 2 pixels less that at 1",
        "odd_shifts", low=0.1, claim=2,
    ),
    Prediction(
        "stride 1 instead: accuracy at shifts of 2 pixels less that at 1",
        "odd_shifts_without_stride", high=0.08, claim=2,
    ),
    Prediction(
        "random places, fully connected: accuracy lost when all pixels are scrambled in one way",
        "scrambled_mlp", -0.06, 0.06, claim=3,
    ),
    Prediction(
        "random places, fully connected, new places at every step: accuracy",
        "mlp_from_data", low=0.7, claim=3, share=True,
    ),
    Prediction(
        "random places: accuracy of the convolutional net less that of the fully connected one",
        "gain", low=0.05, claim=4,
    ),
    Prediction(
        "random places, convolutions: accuracy lost when all pixels are scrambled in one way",
        "scrambled_convs", low=0.15, claim=4,
    ),
    Prediction(
        "centred digits: accuracy of the convolutional net less that of the fully connected one",
        "gain_centred", high=0.03,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits in a 12 x 12 canvas, centred, at random places, and with all pixels scrambled."""
    plain = digits(lab.seeds, ROWS)
    images = Data(_square(plain.x), plain.y, _square(plain.test_x), plain.test_y)
    sets = [_centred(images), *_at_random(images, lab.seeds)]
    three = Data(*(torch.cat(each) for each in zip(*map(_fields, sets), strict=True)))
    strided = Convs((*CHANNELS, 10), lab.seeds * 3, between=every_second)
    full = Convs((*CHANNELS, 10), lab.seeds, between=all_of)
    _train(strided, three, lab, "convolutions of stride 2", EPOCHS)
    _train(full, sets[0], lab, "convolutions of stride 1", EPOCHS)
    mlp = Stack(MLP, lab.seeds * 3)
    _train(mlp, _flat(three), lab, "fully connected nets", LONG)
    centred, random, scrambled = _scores(strided, three).view(3, -1)
    mlp_centred, mlp_random, mlp_scrambled = _scores(mlp, _flat(three)).view(3, -1)
    shifted = {
        name: _at_shifts(net, images) for name, net in zip(NETS, (strided, full, mlp), strict=True)
    }
    numbers = {
        "own_feature": _own_feature(strided, sets[0], lab),
        **_exact(lab.seeds),
        "odd_shifts": _even_less_odd(shifted[NETS[0]]),
        "odd_shifts_without_stride": _even_less_odd(shifted[NETS[1]]),
        "scrambled_mlp": mlp_random - mlp_scrambled,
        "mlp_from_data": _from_data(images, sets[1], lab),
        "gain": random - mlp_random,
        "scrambled_convs": random - scrambled,
        "gain_centred": centred - mlp_centred,
    }
    bars = [(NETS[0], random, scrambled), (NETS[2], mlp_random, mlp_scrambled)]
    listed = {name: each.tolist() for name, each in numbers.items()}
    return Measured(listed, {"shifts": _shift_rows(shifted), "places": _place_rows(bars)})


def picture(series: dict[str, Any]) -> Any:
    """Accuracy against shift, and what scrambling costs."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, SERIES, rows

    color = alt.Color(
        "net:N",
        title=None,
        scale=alt.Scale(domain=list(NETS), range=[LINE, SERIES[2], OTHER]),
        legend=alt.Legend(labelLimit=300),
    )
    y = alt.Y("accuracy:Q", title="test accuracy", scale=alt.Scale(domain=[0, 1]))
    shifts = alt.Chart(rows(series["shifts"])).encode(
        x=alt.X("shift:O", title="shift in pixels, right and down", axis=alt.Axis(labelAngle=0)),
        color=color,
    )
    left = shifts.mark_line(strokeWidth=2).encode(y="mean(accuracy):Q") + shifts.mark_point(
        size=24, opacity=0.6
    ).encode(y=y)
    places = alt.Chart(rows(series["places"])).encode(
        x=alt.X(
            "pixels:N", title="digits at random places", sort=None, axis=alt.Axis(labelAngle=0)
        ),
        color=color,
    )
    right = places.mark_line(strokeWidth=2).encode(y="mean(accuracy):Q") + places.mark_point(
        size=24, opacity=0.6
    ).encode(y=alt.Y("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1])))
    return left.properties(width=260, height=240) | right.properties(width=170, height=240)


def on(facts: Any) -> Iterator[str]:
    """What shifted images do to the person's net, its convolutions, and what its other layers weigh."""
    yield from _shifts.on(facts)
    layers = facts.layers
    if not layers:
        return
    convolutions = [node for node in layers["nodes"] if len(node["kernel"]) == 2]
    dense = [node for node in layers["nodes"] if not node["kernel"]]
    for node in convolutions[:1]:
        height, width = node["kernel"]
        weights = node["outputs"] * node["inputs"] // node["groups"] * height * width
        yield (
            f"{node['name']} uses its {weights} weights at every position; a fully connected layer "
            "has one weight for each pair of an input and an output"
        )
    if convolutions and dense:
        inside = sum(_weights(node) for node in convolutions)
        largest = max(dense, key=_weights)
        count = len(convolutions)
        all_of_them = "its one convolution has" if count == 1 else f"all {count} convolutions have"
        yield f"{all_of_them} {inside} weights, {largest['name']} alone has {_weights(largest)}"


def _weights(node: Any) -> int:
    positions = 1
    for side in node["kernel"]:
        positions *= side
    return int(node["outputs"] * node["inputs"] // max(1, node["groups"]) * positions)


def _square(x: Tensor) -> Tensor:
    return x.view(*x.shape[:2], SIDE, SIDE)


def _fields(data: Data) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return data.x, data.y, data.test_x, data.test_y


def _flat(data: Data) -> Data:
    return Data(data.x.flatten(2), data.y, data.test_x.flatten(2), data.test_y)


def _moved(images: Tensor, shift: int) -> Tensor:
    """Centred images, shifted right and down."""
    before, after = MARGIN + shift, MARGIN - shift
    return F.pad(images, (before, after, before, after))


def _centred(images: Data) -> Data:
    return Data(_moved(images.x, 0), images.y, _moved(images.test_x, 0), images.test_y)


def _at_random(images: Data, seeds: Sequence[int]) -> tuple[Data, Data]:
    """At random places, and the same images with their pixels in another order, one for each seed."""
    draws = draws_of(seeds, PLACE_DRAWS)
    x, test_x = (shown(each, CANVAS, 0.0, draws) for each in (images.x, images.test_x))
    orders = torch.stack([torch.randperm(CANVAS**2, generator=draw) for draw in draws])

    def scrambled(each: Tensor) -> Tensor:
        taken = each.flatten(2).gather(2, orders[:, None].expand(-1, each.shape[1], -1))
        return taken.view_as(each)

    return (
        Data(x, images.y, test_x, images.test_y),
        Data(scrambled(x), images.y, scrambled(test_x), images.test_y),
    )


def _train(net: Stack, data: Data, lab: Lab, doing: str, epochs: int) -> None:
    adam, listed = Adam(net, RATE), Batches(data, BATCH, epochs, net.seeds)
    for left, (x, y) in zip(falling(len(listed)), lab.track(listed, doing), strict=True):
        adam.step(cross_entropy(net(x), y), left)


def _scores(net: Stack, data: Data) -> Tensor:
    return accuracy(net, data.test_x, data.test_y)[0]


def _at_shifts(net: Stack, images: Data) -> Tensor:
    """Accuracy (shifts, seeds) of the nets that were trained on centred digits, the first ones."""
    copies = len(net.seeds) // len(images.y)
    found = []
    for shift in SHIFTS:
        x = _moved(images.test_x, shift).repeat(copies, 1, 1, 1)
        x = x if isinstance(net, Convs) else x.flatten(2)
        found.append(accuracy(net, x, images.test_y.repeat(copies, 1))[0, : len(images.y)])
    return torch.stack(found)


def _even_less_odd(scores: Tensor) -> Tensor:
    far, near = scores[[0, 4]], scores[[1, 3]]
    return far.mean(0) - near.mean(0)


def _from_data(images: Data, random: Data, lab: Lab) -> Tensor:
    """Accuracy of the fully connected net that sees each digit at a new place each time."""
    net, draws = Stack(MLP, lab.seeds), draws_of(lab.seeds, PLACE_DRAWS + 100)
    adam, listed = Adam(net, RATE), Batches(images, BATCH, LONG, lab.seeds)
    tracked = lab.track(listed, "new places at every step")
    for left, (x, y) in zip(falling(len(listed)), tracked, strict=True):
        adam.step(cross_entropy(net(shown(x, CANVAS, 0.0, draws).flatten(2)), y), left)
    return _scores(net, _flat(random))


def _own_feature(strided: Convs, centred: Data, lab: Lab) -> Tensor:
    """For each kernel: by how much silencing it hurts one class more than the average class."""
    seeds, y = len(lab.seeds), centred.test_y
    with torch.no_grad():
        features = strided.features(centred.test_x.repeat(3, 1, 1, 1))[:seeds]
        weight, bias = (each[:seeds] for each in (strided.weights[-1], strided.biases[-1]))
        right = [torch.baddbmm(bias, features, weight).argmax(2) == y]
        for channel in range(features.shape[2]):
            silenced = features.clone()
            silenced[..., channel] = 0
            right.append(torch.baddbmm(bias, silenced, weight).argmax(2) == y)
    members = F.one_hot(y, 10).float()  # (seeds, rows, classes)
    hits = torch.stack(right).float()
    recall = torch.einsum("ksr,src->ksc", hits, members) / members.sum(1)
    lost = recall[0] - recall[1:]
    return (lost.amax(2) - lost.mean(2)).mean(0)


def _exact(seeds: Sequence[int]) -> dict[str, Tensor]:
    """In float64 on a canvas whose borders meet, where nothing is lost at an edge."""
    found: dict[str, list[Tensor]] = {"equivariance": [], "not_invariant": [], "pooled": []}
    for draw in draws_of(seeds, PLACE_DRAWS):
        x = torch.randn(1, 1, CANVAS, CANVAS, generator=draw, dtype=torch.float64)
        kernels = torch.randn(8, 1, KERNEL, KERNEL, generator=draw, dtype=torch.float64)
        before = _circular(x, kernels)
        after = _circular(x.roll((1, 1), (2, 3)), kernels)
        found["equivariance"].append((after - before.roll((1, 1), (2, 3))).abs().max())
        found["not_invariant"].append((after - before).norm() / before.norm())
        found["pooled"].append((after.amax((2, 3)) - before.amax((2, 3))).abs().max())
    return {name: torch.stack(each) for name, each in found.items()}


def _circular(x: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="circular"), kernels)


def _shift_rows(shifted: dict[str, Tensor]) -> list[dict[str, Any]]:
    return [
        {"net": name, "shift": shift, "accuracy": round(score, 4)}
        for name, scores in shifted.items()
        for shift, each in zip(SHIFTS, scores.tolist(), strict=True)
        for score in each
    ]


def _place_rows(bars: Sequence[tuple[str, Tensor, Tensor]]) -> list[dict[str, Any]]:
    return [
        {"net": name, "pixels": pixels, "accuracy": round(score, 4)}
        for name, *pair in bars
        for pixels, scores in zip(("as they are", "scrambled"), pair, strict=True)
        for score in scores.tolist()
    ]
