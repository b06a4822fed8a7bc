"""What does batch normalisation bring?

## Answer
It lets deep nets train at higher learning rates and from worse starts, so they often
need fewer steps; but it needs a large enough batch. Digits, six hidden layers, two
epochs: at rate 1 a ReLU net reached 0.23 without and 0.91 with it, each at its best
rate 0.75 and 0.92, at rate 0.1 about the same; sigmoid stayed at chance without, 0.89
with it; from hidden weights of 0.3 of He's size: 0.10 and 0.93. A step took about 1.5
times as long. Training gets more complicated: two modes, running statistics, examples
that depend on their batch (in training mode, 4 at a time, half of the digits changed
class with their neighbours). With batches of 2 it fell to 0.22 in evaluation mode,
layer normalisation had 0.86, none 0.84; at 16 all were alike. Why it works is disputed:
Santurkar et al. injected shifts after it and the gain remained. So it did here: 0.88 at
rate 1, though (at rate 0.3) means moved 1.7 times as far a step as in the plain net.

## Popular claims
- "faster training, higher rates, easier initialisation": only if batches are large
  enough, and most of the gain in speed needs a higher rate. Initialisation still
  matters: hidden weights 10 times as large get a tenth of the gradient, as if the rate
  were a hundredth. From 3 times He's size it learned far slower than from 0.3.
- "it regulates the values going into each activation": right. As a description, if
  placed before the activation: their means moved 2 % as far a step as without it; as
  the reason why it helps, disputed.
- "activations that do not work well become viable": right. Deep sigmoid nets train with
  it.
- "makes the network easier to build": wrong. It adds modes, running statistics, batch
  dependence and synchronisation across devices.

## Watch for it
Batches below 8 per device; eval and train mode losses more than 10 % apart on the same
data (rough). Early epochs mislead: running statistics lag behind.

## Remedy
Use group or layer normalisation, larger or synchronised batches, drop_last; re-estimate
the running statistics. The gap between the modes should shrink and validation rise.

## Sources
- Ioffe & Szegedy 2015, *Batch Normalization: Accelerating Deep Network Training by
  Reducing Internal Covariate Shift*
- Ioffe 2017, *Batch Renormalization*
- Santurkar et al. 2018, *How Does Batch Normalization Help Optimization?*
- Bjorck et al. 2018, *Understanding Batch Normalization*
- Wu & He 2018, *Group Normalization*
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from unstuck.questions._arms import compared
from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._norms import Kind, Normed
from unstuck.questions._stack import Act, Batches, Sgd, accuracy, cross_entropy, per_arm

DEEP, BATCH, EPOCHS = (64, *[32] * 6, 10), 60, 2
RATES = (0.03, 0.1, 0.3, 1.0, 3.0)

NOISE = 0.5
"""What leaves the normalisation is moved by up to this, and scaled by up to 2 to its power, anew for
each unit at each step: after Santurkar et al."""

WATCHED = 2
"""The hidden layer whose inputs to the activation are followed, counted from 0."""

SCALES, SCALES_RATE = (0.3, 1.0, 3.0), 0.1
"""Of the hidden weights at the start, relative to He's."""

FLAT, SIZES, SIZES_RATE, UPDATES = (64, 32, 32, 32, 10), (2, 4, 16), 0.05, 300
KINDS: tuple[Kind, ...] = ("none", "batch", "layer")
NAMES = {"none": "no normalisation", "batch": "batch norm", "layer": "layer norm"}
NEIGHBOURS = 4
"""Of a digit, itself included, where it is seen among two different sets of others."""

CHANGES = {
    "add-group-norm": "with group normalisation",
    "add-normalisation": "with a normalisation after each hidden layer",
}
REPLAYS = tuple(CHANGES)

PREDICTIONS = (
    Prediction(
        "ReLU at a rate of 1: accuracy with batch normalisation less that without",
        "gain_at_1", low=0.1, claim=1,
    ),
    Prediction("ReLU, each at its best rate: accuracy gained by it", "best_gain", low=0, claim=1),
    Prediction(
        "ReLU: what batch normalisation gains at a rate of 1 less what it gains at 0.1",
        "needs_rate", low=0, claim=1,
    ),
    Prediction(
        "hidden weights that begin at 0.3 of He's size, rate 0.1: accuracy gained by it",
        "gain_small_start", low=0.6, claim=1,
    ),
    Prediction(
        "batch normalisation, rate 0.1: accuracy from 0.3 of He's size less that from 3 times it",
        "start_matters", low=0.1, claim=1,
    ),
    Prediction(
        "hidden weights 10 times as large: 10 times their gradient, relative to what it was",
        "gradient_ratio", 0.995, 1.005, claim=1,
    ),
    Prediction(
        "rate 0.3: how far means before an activation move from step to step with batch "
        "normalisation, as a share of that without",
        "calmer", high=0.2, claim=2,
    ),
    Prediction(
        "sigmoid, no normalisation, best rate: accuracy",
        "sigmoid_none", high=0.2, claim=3, share=True,
    ),
    Prediction(
        "sigmoid, batch normalisation, best rate: accuracy",
        "sigmoid_batch", low=0.7, claim=3, share=True,
    ),
    Prediction(
        "batches of 2, evaluation mode: accuracy with layer normalisation less that with batch "
        "normalisation",
        "layer_gain_2", low=0.3, claim=4,
    ),
    Prediction(
        "batches of 16, evaluation mode: accuracy with layer less that with batch normalisation",
        "layer_gain_16", -0.06, 0.06,
    ),
    Prediction(
        "batch normalisation, training mode, batches of 4: share of digits whose class changes with "
        "the others of their batch",
        "neighbours_batch", low=0.2, claim=4, share=True,
    ),
    Prediction(
        "the same with layer normalisation",
        "neighbours_layer", high=0.01, claim=4, share=True,
    ),
    Prediction(
        "random shifts after batch normalisation, rate 1: accuracy less that of the net without any",
        "noisy_gain", low=0.1, claim=2, limit="one kind of shift of one size, in one small net",
    ),
    Prediction(
        "random shifts after batch normalisation, rate 0.3: how far means move, relative to the "
        "net without any",
        "noisier", low=1.2, claim=2, limit="there are other measures of shift",
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits: rates by activation, sizes of the start, sizes of the batch."""
    data = digits(lab.seeds, standardised=True)
    numbers, sweeps = _rates(data, lab)
    for kind in KINDS[:2]:
        net = started(kind, lab.seeds)
        rates = per_arm([SCALES_RATE] * len(SCALES), lab.seeds)
        _train(net, rates, Batches(data, BATCH, EPOCHS, lab.seeds), lab, f"starts, {NAMES[kind]}")
        numbers[f"starts_{kind}"] = _score(net, data)
    small, _, large = numbers["starts_batch"]
    numbers |= {
        "gain_small_start": small - numbers["starts_none"][0],
        "small_start": small,
        "start_matters": small - large,
        "gradient_ratio": _gradient_ratio(data, lab.seeds),
    }
    sizes, neighbours = _sizes(data, lab)
    numbers |= {f"{kind}_at_2": sizes[kind, 2] for kind in KINDS}
    for size in (SIZES[0], SIZES[-1]):
        numbers[f"layer_gain_{size}"] = sizes["layer", size] - sizes["batch", size]
    numbers |= neighbours
    listed = {
        name: each.tolist()
        for name, each in numbers.items()
        if each.ndim == 1  # not those from which others were computed
    }
    return Measured(listed, {"rates": sweeps, "sizes": _size_rows(sizes)})


def picture(series: dict[str, Any]) -> Any:
    """Accuracy against the learning rate, by activation, and against the size of the batch."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, SERIES, rows

    names = list(NAMES.values())
    color = alt.Color(
        "norm:N", title=None, scale=alt.Scale(domain=names, range=[OTHER, LINE, SERIES[2]])
    )
    shape = alt.Shape("norm:N", legend=None, sort=names)

    def panel(values: list[dict[str, Any]], x: Any, title: str, *, first: bool = False) -> Any:
        said = "test accuracy" if first else None
        base = alt.Chart(rows(values)).encode(x=x, color=color)
        y = alt.Y("accuracy:Q", title=said, scale=alt.Scale(domain=[0, 1]))
        line = base.mark_line(strokeWidth=2, aria=False).encode(
            y=alt.Y("mean(accuracy):Q", title=said)
        )
        points = base.mark_point(size=22, opacity=0.6, aria=False).encode(y=y, shape=shape)
        return (line + points).properties(width=190, height=220, title=title)

    def logarithmic(name: str, title: str, values: Sequence[float]) -> Any:
        scale = alt.Scale(type="log", domain=[values[0] * 0.8, values[-1] * 1.25])
        return alt.X(name, title=title, scale=scale, axis=alt.Axis(values=values, format="~g"))

    rate = logarithmic("rate:Q", "learning rate", RATES)
    relu, sigmoid = (
        [each for each in series["rates"] if each["activation"] == name]
        for name in ("ReLU", "sigmoid")
    )
    return alt.hconcat(
        panel(relu, rate, "ReLU, six layers", first=True),
        panel(sigmoid, rate, "sigmoid, six layers"),
        panel(
            series["sizes"],
            logarithmic("size:Q", "batch size", SIZES),
            f"{UPDATES} updates, evaluation mode",
        ),
    )


def on(facts: Any) -> Iterator[str]:
    """The batch normalisations of the person's run, what they average over, and in which mode."""
    for mode in facts.modes or ():
        yield from _of_mode(mode)
    if facts.modes and not any(mode["batch_norm"] for mode in facts.modes) and facts.layers:
        other = "another normalisation did" if facts.layers["normalised"] else "nor did another"
        yield f"no batch normalisation ran in training mode, {other}"
    evaluations = (facts.validation or {}).get("evaluations", ())
    stirred = sum("batch norm" in each["noise"] for each in evaluations)
    if stirred:
        yield (
            f"{stirred} of {len(evaluations)} evaluations seen ran batch normalisation in training "
            "mode"
        )
    yield from compared(facts, CHANGES)


def _of_mode(mode: Any) -> Iterator[str]:
    found = mode["batch_norm"]
    known = [each for each in found if each["values"] is not None and each["batch"] is not None]
    if known:
        least = min(known, key=lambda each: each["values"])
        yield (
            f"{mode['model']} has {len(found)} batch normalisation{'s' * (len(found) > 1)}; "
            f"{least['name']} takes its means over {least['values']} numbers of {least['batch']} "
            "samples"
        )
    for each in found:
        if each["frozen_updates"]:
            yield (
                f"the running statistics of {each['name']} moved in {each['frozen_updates']} updates "
                "in which its parameters stood still"
            )


def started(kind: Kind, seeds: Sequence[int]) -> Normed:
    """Deep ReLU nets, one arm for each size of the hidden weights at the start."""
    net = Normed(DEEP, seeds, len(SCALES), kind=kind)
    with torch.no_grad():
        for weight in net.weights[:-1]:
            weight.mul_(per_arm(SCALES, seeds)[:, None, None])
    return net


class Shift:
    """Watches the means of one layer, and moves and scales each unit at random if it has a draw."""

    def __init__(self, draw: torch.Generator | None = None) -> None:
        self.draw = draw
        self.means: list[Tensor] = []
        self.deviations: list[Tensor] = []

    def __call__(self, layer: int, x: Tensor) -> Tensor:
        """What enters the activation, from what left the normalisation."""
        if self.draw:
            moved, scaled = NOISE * (
                2 * torch.rand(2, len(x), 1, x.shape[2], generator=self.draw) - 1
            )
            x = x * 2**scaled + moved
        if layer == WATCHED:
            self.means.append(x.detach().mean(1))
            self.deviations.append(x.detach().std(1))
        return x

    def steps(self) -> Tensor:
        """How far means move from one step to the next, in deviations: the median step (nets,)."""
        moves = torch.stack(self.means).diff(dim=0).square().mean(2).sqrt()
        spread = torch.stack(self.deviations)[:-1].square().mean(2).sqrt()
        median: Tensor = (moves / spread).median(0).values
        return median


def _rates(data: Data, lab: Lab) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Every rate with and without it, with ReLU and sigmoid; and ReLU with noise after it."""
    noise = torch.Generator().manual_seed(lab.seeds[0])
    arms: dict[str, tuple[Act, Kind, Shift]] = {
        "relu_none": (torch.relu, "none", Shift()),
        "relu_batch": (torch.relu, "batch", Shift()),
        "relu_noisy": (torch.relu, "batch", Shift(noise)),
        "sigmoid_none": (torch.sigmoid, "none", Shift()),
        "sigmoid_batch": (torch.sigmoid, "batch", Shift()),
    }
    scores, moves, sweeps = {}, {}, []
    for name, (act, kind, shift) in arms.items():
        net = Normed(DEEP, lab.seeds, len(RATES), act, kind=kind)
        net.seen = shift
        listed = Batches(data, BATCH, EPOCHS, lab.seeds)
        _train(net, per_arm(RATES, lab.seeds), listed, lab, f"six rates, {name}")
        scores[name] = _score(net, data)
        moves[name] = shift.steps().view(len(RATES), -1)[RATES.index(0.3)]
        if name != "relu_noisy":
            sweeps += _rate_rows(scores[name], act, kind)
    gain = scores["relu_batch"] - scores["relu_none"]
    one, low = RATES.index(1.0), RATES.index(0.1)
    best = {name: each.amax(0) for name, each in scores.items()}
    return {
        "gain_at_1": gain[one],
        "gain_low": gain[low],
        "needs_rate": gain[one] - gain[low],
        "best_gain": best["relu_batch"] - best["relu_none"],
        "calmer": moves["relu_batch"] / moves["relu_none"],
        "sigmoid_none": best["sigmoid_none"],
        "sigmoid_batch": best["sigmoid_batch"],
        "noisy_gain": scores["relu_noisy"][one] - scores["relu_none"][one],
        "noisier": moves["relu_noisy"] / moves["relu_none"],
        "none_at_1": scores["relu_none"][one],
        "batch_at_1": scores["relu_batch"][one],
        "noisy_at_1": scores["relu_noisy"][one],
        "relu_none": best["relu_none"],
        "relu_batch": best["relu_batch"],
    }, sweeps


def _gradient_ratio(data: Data, seeds: Sequence[int]) -> Tensor:
    """Ten times the gradient of the hidden weights when they are ten times as large, over the other."""
    found = []
    for scale in (1.0, 10.0):
        net = Normed(DEEP, seeds, dtype=torch.float64)
        with torch.no_grad():
            for weight in net.weights[:-1]:
                weight.mul_(scale)
        losses = cross_entropy(net(data.x.double()), data.y).sum()
        slopes = torch.autograd.grad(losses, net.weights[:-1])
        found.append(scale * torch.cat([each.flatten(1) for each in slopes], 1).norm(dim=1))
    ratio: Tensor = found[1] / found[0]
    return ratio


def _sizes(data: Data, lab: Lab) -> tuple[dict[tuple[Kind, int], Tensor], dict[str, Tensor]]:
    """Accuracy by kind and size of the batch; and how many digits depend on their neighbours."""
    scores: dict[tuple[Kind, int], Tensor] = {}
    changed = {}
    for size in SIZES:
        for kind in KINDS:
            net = Normed(FLAT, lab.seeds, kind=kind)
            listed = Batches(data, size, 1 + UPDATES * size // data.rows, lab.seeds)
            doing = f"batches of {size}, {NAMES[kind]}"
            _train(net, SIZES_RATE, islice(listed, UPDATES), lab, doing, UPDATES)
            scores[kind, size] = _score(net, data)[0]
            if size == NEIGHBOURS and kind != "none":
                changed[f"neighbours_{kind}"] = _changed(net, data.test_x)
    return scores, changed


def _changed(net: Normed, x: Tensor) -> Tensor:
    """The share of digits that get another class among other digits, in training mode."""
    whole = x.shape[1] // NEIGHBOURS * NEIGHBOURS
    found = []
    for draw in draws_of((0, 1)):
        order = torch.randperm(whole, generator=draw)
        with torch.no_grad():
            parts = [net(x[:, part]).argmax(2) for part in order.view(-1, NEIGHBOURS)]
        found.append(torch.cat(parts, 1)[:, order.argsort()])
    return (found[0] != found[1]).float().mean(1)


def _train(
    net: Normed,
    rates: Tensor | float,
    batches: Any,
    lab: Lab,
    doing: str,
    total: int | None = None,
) -> None:
    sgd = Sgd(net, rates)
    for x, y in lab.track(batches, doing, total):
        sgd.step(cross_entropy(net(x), y))


def _score(net: Normed, data: Data) -> Tensor:
    """In evaluation mode, without noise (arms, seeds)."""
    seen, net.seen, net.training = net.seen, lambda layer, x: x, False
    scores = accuracy(net, data.test_x, data.test_y)
    net.seen, net.training = seen, True
    return scores


def _rate_rows(scores: Tensor, act: Act, kind: Kind) -> list[dict[str, Any]]:
    name = "ReLU" if act is torch.relu else "sigmoid"
    return [
        {"activation": name, "norm": NAMES[kind], "rate": rate, "accuracy": round(score, 4)}
        for rate, each in zip(RATES, scores.tolist(), strict=True)
        for score in each
    ]


def _size_rows(scores: dict[tuple[Kind, int], Tensor]) -> list[dict[str, Any]]:
    return [
        {"norm": NAMES[kind], "size": size, "accuracy": round(score, 4)}
        for (kind, size), each in scores.items()
        for score in each.tolist()
    ]
