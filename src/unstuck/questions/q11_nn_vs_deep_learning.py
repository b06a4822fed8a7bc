"""Is there a difference between neural networks and deep learning?

## Answer
Yes. Deep learning means learning many layers of representation; it is one way to use
neural networks, and a network with one hidden layer is not deep. Depth differs in kind
in two ways. Expressivity: 2k ReLU units arranged in depth can draw a sawtooth with 2^k
linear pieces (64 at k = 6); one hidden layer needs at least 2^k - 1 units for that.
Trainability: signals or gradients can fade through many layers. With the start that was
common before 2010 a sigmoid net on digits reached 0.84 with one hidden layer, 0.09
(chance) with eight: the first layer's gradient was 1e-6 of the last one's. Four times
the steps and higher rates changed nothing; the right method did: batch normalisation
gave 0.94. With ReLU the start alone decides: 0.09 with the old one, 0.91 with that of
He et al. Not all of this is new: tanh with the start of LeCun et al. 1998 reached 0.94.
Depth did not beat one ReLU layer here (0.94): easy data cannot show its benefit.

## Popular claims
- "there is no significant difference": wrong. Deep nets are a subset, and depth changes
  what can be expressed cheaply and how hard training is.
- "just a slightly more complex architecture than in the 1990s": wrong as a whole. More
  layers alone, with sigmoid and a common start of that time, do not train here.
- "hardware has made it feasible": incomplete. More computing did not help where the
  start was wrong; methods, some of them from the 1990s, and data were needed too.

## Watch for it
First-layer gradient norm over last-layer norm at the start: below 1e-4 vanishing, above
1e4 exploding (rough). Frozen layers and zero-init residuals give false alarms. A ratio
near 1 is no proof of health: the ReLU net that stayed at chance had one.

## Remedy
Use ReLU with He initialisation, and add normalisation or residual connections. Check
that the ratio is within 1e-2 to 1e2 and that the loss moves in the first epoch.

## Sources
- LeCun, Bottou, Orr & Müller 1998, *Efficient BackProp*
- LeCun, Bengio & Hinton 2015, *Deep Learning* (Nature)
- Glorot & Bengio 2010, *Understanding the difficulty of training deep feedforward
  neural networks*
- Nair & Hinton 2010, *Rectified Linear Units Improve Restricted Boltzmann Machines*
- Montufar et al. 2014, *On the Number of Linear Regions of Deep Neural Networks*
- He et al. 2015, *Delving Deep into Rectifiers*
- Telgarsky 2016, *Benefits of depth in neural networks*
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._norms import Kind, Normed
from unstuck.questions._run import loss_course
from unstuck.questions._stack import (
    Act,
    Batches,
    Sgd,
    Stack,
    accuracy,
    cross_entropy,
    falling,
    per_arm,
)

WIDTH, DEPTH = 32, 8
"""Of the hidden layers: units, and how many."""

RATE, BATCH, EPOCHS = 0.2, 80, 12
LONGER, RATES = 4, (0.2, 1.0, 10.0)
"""What a faster machine could do with the common start: so many times the epochs, the best of these."""

COMMON, LECUN, HE = 1 / 3, 1.0, 2.0
"""Variance of a weight times its inputs. The first is that of a uniform draw from +-1/sqrt(inputs)."""


@dataclass(frozen=True)
class Recipe:
    """Hidden layers, activation, the variance they start with, and normalisation."""

    depth: int
    act: Act
    variance: float
    kind: Kind = "none"


RECIPES = {
    "sigmoid, 1 layer": Recipe(1, torch.sigmoid, COMMON),
    "sigmoid, common start": Recipe(DEPTH, torch.sigmoid, COMMON),
    "tanh, LeCun": Recipe(DEPTH, torch.tanh, LECUN),
    "ReLU, common start": Recipe(DEPTH, torch.relu, COMMON),
    "ReLU, He": Recipe(DEPTH, torch.relu, HE),
    "ReLU, He, 1 layer": Recipe(1, torch.relu, HE),
    "sigmoid, batch norm": Recipe(DEPTH, torch.sigmoid, COMMON, "batch"),
}

SHOWN = (
    "sigmoid, common start",
    "ReLU, common start",
    "tanh, LeCun",
    "ReLU, He",
    "sigmoid, batch norm",
)

FOLDS = 6
"""Tents put into each other; each is two ReLU units."""

GRID = 2**14 + 1
DRAWN = 50
"""Random nets with one hidden layer, of which the one with most pieces counts."""

PREDICTIONS = (
    Prediction(
        f"{FOLDS} layers of 2 ReLU units: linear pieces of what they draw",
        "deep_pieces", 2**FOLDS, 2**FOLDS, claim=1,
    ),
    Prediction(
        f"one hidden layer of as many units: most linear pieces of {DRAWN} random nets",
        "flat_pieces", high=2 * FOLDS + 1, claim=1,
    ),
    Prediction(
        "one hidden layer of 64 units: largest distance to what the 12 units in depth draw",
        "flat_gap", high=1e-9, claim=1,
    ),
    Prediction(
        "sigmoid, one hidden layer, the start then common: accuracy",
        "old_shallow", low=0.75, claim=1, share=True,
    ),
    Prediction(
        "sigmoid, eight hidden layers, that start: accuracy",
        "old_deep", high=0.2, claim=2, share=True,
    ),
    Prediction(
        "that deep net at its start: gradient of the first layer over that of the last",
        "old_ratio", high=1e-5, claim=2,
    ),
    Prediction(
        "ReLU, eight layers: accuracy with the start by He et al. less that with the common one",
        "he_gain", low=0.6, claim=2,
    ),
    Prediction(
        "the deep sigmoid net, four times the steps, the best of three learning rates: accuracy",
        "old_longer", high=0.2, claim=3, share=True,
    ),
    Prediction(
        "the deep sigmoid net, as many steps as at first: accuracy gained by batch normalisation",
        "norm_gain", low=0.6, claim=3,
    ),
    Prediction(
        "tanh, eight layers, with the start of LeCun et al. 1998: accuracy",
        "tanh_lecun", low=0.85, claim=3, share=True,
    ),
    Prediction(
        "ReLU with He's start: accuracy of eight layers less that of one", "depth_gain", high=0.05
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits: seven recipes, one of them for longer; a sawtooth in depth and in width."""
    data = digits(lab.seeds, standardised=True)
    scores, norms = {}, {}
    for name, recipe in RECIPES.items():
        net = built(recipe, lab.seeds)
        norms[name] = gradient_norms(net, data)
        _train(net, data, lab, name, (RATE,), EPOCHS)
        scores[name] = _score(net, data)[0]
    old = built(RECIPES["sigmoid, common start"], lab.seeds, arms=len(RATES))
    _train(old, data, lab, "sigmoid for longer", RATES, LONGER * EPOCHS)
    numbers = {
        **_sawtooth(lab.seeds),
        "old_shallow": scores["sigmoid, 1 layer"],
        "old_deep": scores["sigmoid, common start"],
        "old_ratio": norms["sigmoid, common start"][0] / norms["sigmoid, common start"][-1],
        "he_gain": scores["ReLU, He"] - scores["ReLU, common start"],
        "old_longer": _score(old, data).amax(0),
        "norm_gain": scores["sigmoid, batch norm"] - scores["sigmoid, common start"],
        "tanh_lecun": scores["tanh, LeCun"],
        "depth_gain": scores["ReLU, He"] - scores["ReLU, He, 1 layer"],
        "relu": scores["ReLU, common start"],
        "relu_ratio": norms["ReLU, common start"][0] / norms["ReLU, common start"][-1],
        "he": scores["ReLU, He"],
        "he_ratio": norms["ReLU, He"][0] / norms["ReLU, He"][-1],
        "batch_norm": scores["sigmoid, batch norm"],
    }
    listed = {name: each.tolist() for name, each in numbers.items()}
    return Measured(listed, {"norms": _norm_rows(norms), "sawtooth": _drawn(lab.seeds[0])})


def picture(series: dict[str, Any]) -> Any:
    """Gradients at the start, layer by layer; the sawtooth of a few units in depth."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, SERIES, rows

    base = alt.Chart(rows(series["norms"])).encode(
        x=alt.X("layer:O", title="layer, from the input", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("norm:Q", title="gradient norm at the start")
        .scale(type="log", domain=[1e-8, 10])
        .axis(values=[1e-8, 1e-6, 1e-4, 1e-2, 1], format=".0e"),
        color=alt.Color(
            "recipe:N",
            title=None,
            scale=alt.Scale(domain=list(SHOWN), range=[OTHER, *SERIES[3:5], LINE, SERIES[2]]),
            legend=alt.Legend(labelLimit=300, columns=3),
        ),
    )
    line = base.mark_line(strokeWidth=2, aria=False).encode(y=alt.Y("mean(norm):Q"))
    points = base.mark_point(size=18, opacity=0.6, aria=False).encode(
        shape=alt.Shape("recipe:N", legend=None, sort=list(SHOWN))
    )
    teeth = (
        alt.Chart(rows(series["sawtooth"]))
        .mark_line(color=LINE, strokeWidth=1.2, aria=False)
        .encode(
            x=alt.X("x:Q", title="input", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("y:Q", title="output", scale=alt.Scale(domain=[0, 1])),
        )
    )
    said = alt.TitleParams(
        f"{2 * FOLDS} ReLU units in depth: {2**FOLDS} pieces",
        subtitle=f"in one hidden layer: {2 * FOLDS + 1} at most",
    )
    learned = alt.TitleParams("eight hidden layers", subtitle="what the first ones get to hear")
    return alt.hconcat(
        (line + points).properties(width=270, height=220, title=learned),
        teeth.properties(width=270, height=220, title=said),
    )


def on(facts: Any) -> Iterator[str]:
    """How deep the person's net is, and what its first layer heard at the start."""
    layers = facts.layers
    if not layers or not layers["nodes"]:
        return
    deepest = max(node["depth"] for node in layers["nodes"])
    said = f"{deepest} layers with weights lie between input and loss"
    if layers["functions"]:
        said += f"; non-linearities: {', '.join(layers['functions'])}"
    yield said + ("; some layers are hidden from view" if layers["opaque"] else "")
    yield from _gradients_on(facts)
    yield from loss_course(facts)


def built(recipe: Recipe, seeds: Sequence[int], arms: int = 1) -> Normed:
    """Nets of this recipe. The draws are the same for all of one depth: only their size differs."""
    widths = (64, *[WIDTH] * recipe.depth, 10)
    net = Normed(widths, seeds, arms, recipe.act, kind=recipe.kind)
    output = min(recipe.variance, 1.0)  # no activation follows, of which He's 2 would make good
    sizes = [*[recipe.variance / 2] * recipe.depth, output]
    with torch.no_grad():
        for weight, size in zip(net.weights, sizes, strict=True):
            weight.mul_(size**0.5)
    return net


def gradient_norms(net: Stack, data: Data) -> Tensor:
    """Of each layer's weights on all training rows, (layers, nets)."""
    slopes = torch.autograd.grad(cross_entropy(net(data.x), data.y).sum(), net.weights)
    return torch.stack([slope.flatten(1).norm(dim=1) for slope in slopes])


def folded(x: Tensor, peaks: Tensor) -> Tensor:
    """Layers of two ReLU units; each draws one tent from 0 to 1 to 0, over the tents before."""
    for peak in peaks:
        x = torch.relu(x) / peak - torch.relu(x - peak) * (1 / peak + 1 / (1 - peak))
    return x


def knots(peaks: Tensor) -> Tensor:
    """Where its pieces meet, with both ends. Each piece runs between 0 and 1: a tent splits it once."""
    found = torch.tensor([0.0, 1.0], dtype=peaks.dtype)
    for peak in peaks:
        rising = torch.arange(len(found) - 1) % 2 == 0
        split = found[:-1] + found.diff() * torch.where(rising, peak, 1 - peak)
        found = torch.cat([found, split]).sort().values
    return found


def flat(x: Tensor, meeting: Tensor) -> Tensor:
    """The same sawtooth by one hidden layer: a ReLU unit for each piece."""
    slopes = (torch.arange(len(meeting)) % 2).to(x.dtype).diff() / meeting.diff()
    return torch.relu(x[:, None] - meeting[:-1]) @ slopes.diff(prepend=slopes.new_zeros(1))


def pieces(y: Tensor) -> int:
    """Linear pieces of values on an even grid: one more than the places where it bends."""
    bends = y.diff(n=2).abs() > 1e-11 * y.abs().max()
    return 1 + int(bends[0]) + int((bends.int().diff() == 1).sum())


def _gradients_on(facts: Any) -> Iterator[str]:
    depths = {node["name"]: node["depth"] for node in facts.layers["nodes"]}
    found = [
        (depths[each["name"]], each["name"], each["looks"][0])
        for each in (facts.gradients or {}).get("layers", ())
        if each["name"] in depths and each["looks"] and each["looks"][0]["gradient"] > 0
    ]
    if not found:
        return
    (top, first, near), (low, last, far) = min(found)[:3], max(found)[:3]
    if top < low and near["step"] == far["step"]:
        yield (
            f"at step {near['step']} the gradient norm of {first} was {near['gradient']:.2g}, that of "
            f"{last} {far['gradient']:.2g}: a ratio of {near['gradient'] / far['gradient']:.1g}"
        )


def _train(
    net: Normed, data: Data, lab: Lab, doing: str, rates: Sequence[float], epochs: int
) -> None:
    sgd = Sgd(net, per_arm(rates, lab.seeds))
    listed = Batches(data, BATCH, epochs, lab.seeds)
    for left, (x, y) in zip(falling(len(listed)), lab.track(listed, doing), strict=True):
        sgd.step(cross_entropy(net(x), y), left)


def _score(net: Normed, data: Data) -> Tensor:
    net.training = False
    return accuracy(net, data.test_x, data.test_y)


def _sawtooth(seeds: Sequence[int]) -> dict[str, Tensor]:
    grid = torch.linspace(0, 1, GRID, dtype=torch.float64)
    found: dict[str, list[float]] = {"deep_pieces": [], "flat_pieces": [], "flat_gap": []}
    for draw in draws_of(seeds):
        peaks = _peaks(draw)
        deep = folded(grid, peaks)
        found["deep_pieces"].append(pieces(deep))
        found["flat_pieces"].append(max(pieces(_random(grid, draw)) for _ in range(DRAWN)))
        found["flat_gap"].append(float((flat(grid, knots(peaks)) - deep).abs().max()))
    return {name: torch.tensor(each, dtype=torch.float64) for name, each in found.items()}


def _peaks(draw: torch.Generator) -> Tensor:
    return 0.4 + 0.2 * torch.rand(FOLDS, generator=draw, dtype=torch.float64)


def _random(grid: Tensor, draw: torch.Generator) -> Tensor:
    """One hidden layer of as many units as the sawtooth has; each bends somewhere in the grid."""
    place, side, weight = torch.rand(3, 2 * FOLDS, generator=draw, dtype=torch.float64)
    drawn: Tensor = torch.relu((grid[:, None] - place) * (2 * side - 1)) @ (2 * weight - 1)
    return drawn


def _norm_rows(norms: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    return [
        {"recipe": name, "layer": layer, "norm": float(f"{norm:.3g}")}
        for name in SHOWN
        for layer, row in enumerate(norms[name].tolist(), start=1)
        for norm in row
    ]


def _drawn(seed: int) -> list[dict[str, Any]]:
    """The corners of the sawtooth: lines join them."""
    corners = knots(_peaks(torch.Generator().manual_seed(seed)))
    return [{"x": round(x, 5), "y": at % 2} for at, x in enumerate(corners.tolist())]
