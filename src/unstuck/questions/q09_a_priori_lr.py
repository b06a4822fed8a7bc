"""Can the learning rate be computed in advance?

## Answer
For a quadratic it can, even exactly; for deep nets not the best value, but a useful
range. On a strictly convex quadratic, gradient descent converges below 2 / lambda_max,
and the best fixed rate in the worst case, in the long run, is 2 / (lambda_min +
lambda_max). For linear regression on four inputs, 400 steps of trial agreed within 1 %.
In a deep net the sharpness (largest Hessian eigenvalue) plays the role of lambda_max. A
small tanh net, full batches, bore about 2 times the limit computed at its start;
others may bear more. But sharpness changes in training: at 0.35 and 0.5 of that limit
it rose until lr x sharpness was about 2 and hovered there, so the first limit is not
the later one. Tuning a narrow net also helps: a parabola through 5 rates (36 steps) put
Adam's best at 0.02 for width 32; for width 256 under muP at 1.2 times that, in the
standard set-up at a quarter of it (with a lower loss than muP, 0.09 against 0.11).

## Popular claims
- "possible for simple models": right. For a quadratic whose curvature is known it is
  exact.
- "not possible for complex models": only if the exact best rate is meant. For
  nets such as these sharpness tells roughly what the first steps bear, and muP can
  carry a tuned rate across widths.
- "observations and experience play a role": right. The limit moves during training, so
  that no computation at the start replaces a check run.

## Watch for it
lr x sharpness on a fixed probe batch, plain SGD: well above 4 at the start it may blow
up, below 0.01 there is room for about 10x (rough). Small batches bear less.

## Remedy
Start plain SGD at 1 / sharpness with warm-up, or tune at small width with muP. Check
for an early spike, and that the loss at budget is no worse than before.

## Sources
- LeCun et al. 1998, *Efficient BackProp*
- Nesterov 2004, *Introductory Lectures on Convex Optimization*
- Lewkowycz et al. 2020, *The large learning rate phase of deep learning: the catapult
  mechanism*
- Cohen et al. 2021, *Gradient Descent on Neural Networks Typically Occurs at the Edge
  of Stability*
- Yang, Hu et al. 2022, *Tensor Programs V: Tuning Large Neural Networks via Zero-Shot
  Hyperparameter Transfer*
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions import _sharpness
from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._quadratic import Quadratic, diabetes, largest_rate
from unstuck.questions._run import rates_in_use
from unstuck.questions._stack import Adam, Batches, Sgd, Stack, cross_entropy, per_arm
from unstuck.records.series import finite

INPUTS = 4
"""Age, sex, body mass and blood pressure: with all ten the best rate is nearly the limit."""

LINEAR_STEPS, TRIED, FINER = 400, 41, 5
"""Rates tried at once, and how often the search is narrowed to the neighbours of the best."""

WIDTHS, ROWS = (64, 32, 32, 10), 100
BISECTIONS, SURVIVED, STARTS = 6, 100, 3
"""A rate is survived if the loss is below its start after 100 steps; each seed has several nets."""

SHARES, STEPS, LOOK, LATE = (0.35, 0.5), 600, 25, 4
"""Rates as parts of the limit that is computed at the start; 600 steps bring both to it, so
that the last 4 looks tell where they stay."""

POWER, AGAIN = 40, 6
"""Power iterations of the first look, and of later ones, which start from the direction before."""

NARROW, WIDE = 32, 256
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
SETUPS = (f"width {NARROW}", f"width {WIDE}, standard", f"width {WIDE}, muP")
EPOCHS, BATCH, LAST = 2, 64, 10
"""The loss of a net is the mean of its last 10 batches."""

MEASUREMENTS = ("sharpness",)

PREDICTIONS = (
    Prediction(
        "linear regression: the largest rate that converges, by trying, over 2 / (largest eigenvalue)",
        "limit", 0.99, 1.01, claim=1,
    ),
    Prediction(
        "linear regression: the rate that leaves the least after 400 steps, by trying, over "
        "2 / (smallest + largest eigenvalue)",
        "best", 0.99, 1.01, claim=1,
    ),
    Prediction(
        "tanh net, full batches: the largest rate whose loss ends below its start, over 2 / (sharpness "
        "at the start)",
        "net_limit", 1, 3, claim=2,
    ),
    Prediction(
        "Adam, standard set-up: the best rate at width 256 over that at width 32",
        "standard_shift", high=0.5, claim=2,
    ),
    Prediction(
        "Adam, muP: the best rate at width 256 over that at width 32",
        "mup_shift", 0.4, 2, claim=2, limit="one small net at two widths says little of large models",
    ),
    Prediction(
        "tanh net at 0.35 of the limit computed at the start: sharpness 600 steps later, over that at "
        "the start",
        "sharpening", low=1.5, claim=3,
    ),
    Prediction(
        "tanh net, rates of 0.35 and 0.5 of that limit: lr x sharpness, mean of the last 100 steps",
        "edge", 1.75, 2.25,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """A quadratic, where it can be computed; a tanh net, where it is bounded; Adam at two widths."""
    quadratic = of_four_inputs(lab)
    curvatures = quadratic.curvatures
    least, most = curvatures[:, 0], curvatures[:, -1]
    numbers = {
        "limit": (largest_rate(quadratic) * most / 2).tolist(),
        "best": (quickest(quadratic) * (least + most) / 2).tolist(),
    }
    numbers["net_limit"] = _largest_rates(lab)
    looks = _followed(lab)  # (looks, arms, seeds)
    numbers["edge"] = looks[-LATE:].mean((0, 1)).tolist()
    numbers["sharpening"] = (looks[-1, 0] / looks[0, 0]).tolist()
    losses = {
        setup: _over_rates(lab, width, setup)
        for setup, width in zip(SETUPS, (NARROW, WIDE, WIDE), strict=True)
    }
    narrow, standard, mup = (valley(each) for each in losses.values())
    numbers["standard_shift"] = (standard / narrow).tolist()
    numbers["mup_shift"] = (mup / narrow).tolist()
    return Measured(numbers, {"edge": _course(looks), "widths": _valleys(losses)})


def picture(series: dict[str, Any]) -> Any:
    """Two rates meet at the limit of curvature; the best rate of Adam by width, standard and muP."""
    import altair as alt

    left = _meeting(series["edge"]).properties(
        width=225,
        height=220,
        title=alt.Title("Full-batch descent", subtitle="dashed: 2, the limit of a quadratic"),
    )
    right = _by_width(series["widths"]).properties(
        width=225,
        height=220,
        title=alt.Title("Adam", subtitle=f"at width {WIDE} the standard valley is further left"),
    )
    return alt.hconcat(left, right, spacing=30).resolve_scale(color="independent")


def _meeting(edge: list[dict[str, Any]]) -> Any:
    """A line and the range of the seeds for each rate, and the limit."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, TEXT, rows

    legend = alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3, columns=1)
    names = [f"{share:g}" for share in SHARES]
    chart = alt.Chart(rows(edge)).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(values=list(range(0, STEPS + 1, 200)))),
        color=alt.Color("arm:N", title="rate, of the limit at the start", legend=legend).scale(
            domain=names, range=[OTHER, LINE]
        ),
    )
    y = alt.Y("mean:Q", title="lr × sharpness").scale(domain=[0, 3], clamp=True)
    at = alt.Chart(rows([{"at": 2}])).mark_rule(color=TEXT, strokeDash=[4, 3], aria=False)
    band = chart.mark_area(opacity=0.18, aria=False).encode(y="low:Q", y2="high:Q")
    return band + chart.mark_line(strokeWidth=2, aria=False).encode(y=y) + at.encode(y="at:Q")


def _by_width(widths: list[dict[str, Any]]) -> Any:
    """The loss against the rate of Adam, a line for each set-up."""
    import altair as alt

    from unstuck.charts import SERIES, rows

    colours = alt.Scale(domain=list(SETUPS), range=[SERIES[6], SERIES[4], SERIES[2]])
    dashes = alt.Scale(domain=list(SETUPS), range=[[1, 0], [6, 3], [2, 2]])
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=3, columns=1)
    chart = alt.Chart(rows(widths)).encode(
        x=alt.X("rate:Q", title="learning rate")
        .scale(type="log", domain=[RATES[0] * 0.8, RATES[-1] * 1.25])
        .axis(values=list(RATES), format="~g"),
        y=alt.Y("loss:Q", title=f"loss after {EPOCHS} epochs")
        .scale(type="log", domain=[0.05, 3], nice=False)
        .axis(values=[0.1, 0.3, 1, 3]),
        color=alt.Color("setup:N", title=None, scale=colours, legend=legend),
    )
    line = chart.mark_line(strokeWidth=2, aria=False).encode(
        strokeDash=alt.StrokeDash("setup:N", scale=dashes, legend=None)
    )
    return line + chart.mark_point(size=30, aria=False)


def on(facts: Any) -> Iterator[str]:
    """The rates of the person's run, the curvature that they allow, and how high the loss went."""
    yield from rates_in_use(facts)
    for each in facts.optimizers or ():
        yield from _allowed(each, facts.data)
    yield from _highest(facts)
    yield from _sharpness.on(facts)


def _allowed(optimizer: dict[str, Any], data: Any) -> Iterator[str]:
    """The sharpness up to which gradient descent with these settings is stable on a quadratic."""
    settings = optimizer["settings"]
    others = ("dampening", "nesterov", "weight_decay")
    plain = optimizer["name"] == "SGD" and not any(map(settings.get, others))
    if not plain or optimizer["groups"] != 1 or not settings.get("lr"):
        return
    rate, beta = settings["lr"], settings.get("momentum", 0.0)
    text = f"with learning rate {rate:g}" + (f" and momentum {beta:g}" if beta else "")
    text += f", descent on a quadratic is stable below a sharpness of {2 * (1 + beta) / rate:.3g}"
    size, samples = (data["batch"], data["samples"]) if data is not None else (None, None)
    if size and samples and size < samples:
        text += f"; batches of {size} out of {samples} examples bear less"
    yield text


def _highest(facts: Any) -> Iterator[str]:
    """How far above its start the loss was seen."""
    pairs = finite(facts.loss["values"]) if facts.loss is not None else []
    if len(pairs) < 2 or pairs[0][1] <= 0:
        return
    start, (step, top) = pairs[0][1], max(pairs, key=lambda pair: pair[1])
    if facts.loss["nonfinite_count"]:
        yield f"the loss was NaN or infinite from step {facts.loss['nonfinite_steps'][0]} on"
    elif top > start:
        yield f"the loss was highest at step {step:.0f}: {top / start:.3g} times its start"
    else:
        yield "the loss was nowhere seen above its start"


def of_four_inputs(lab: Lab) -> Quadratic:
    """Linear regression on the first four inputs of the diabetes data."""
    whole = diabetes(lab.seeds)
    return Quadratic(whole.hessian[:, :INPUTS, :INPUTS], whole.slope[:, :, :INPUTS])


def quickest(quadratic: Quadratic) -> Tensor:
    """The rate that leaves the least (seeds,), by trying; what is left is far below a rounding error
    of the weights, so that the minimum is moved to 0."""
    hessian, seeds = quadratic.hessian, len(quadratic.slope)
    centred = Quadratic(hessian, torch.zeros_like(quadratic.slope))
    low, high = (torch.full((seeds, 1), end).double() for end in (1.0, 1e4))
    for _ in range(FINER):
        rates = low * (high / low) ** torch.linspace(0, 1, TRIED).double()
        away = quadratic.best.repeat(1, TRIED, 1)
        for _ in range(LINEAR_STEPS):
            away = centred.descend(away, rates)
        left = ((away @ hessian) * away).sum(-1).nan_to_num(torch.inf)
        best = left.argmin(1, keepdim=True).clamp(1, TRIED - 2)
        low, high = rates.gather(1, best - 1), rates.gather(1, best + 1)
    return (low * high).sqrt().squeeze(1)


def tanh_net(seeds: Sequence[int], arms: int = 1) -> Stack:
    """It starts with weights of the size that PyTorch draws."""
    net = Stack(WIDTHS, seeds, arms, torch.tanh)
    with torch.no_grad():
        for weight, gain in zip(net.weights, (2, 2, 1), strict=True):
            weight.div_(math.sqrt(3 * gain))
    return net


def squared_error(net: Stack, data: Data) -> Tensor:
    """Of each net (nets,) on all rows: half the squared distance to one-hot targets."""
    targets = F.one_hot(data.y, WIDTHS[-1]).float().repeat(net.arms, 1, 1)
    return (net(data.x) - targets).square().sum(2).mean(1) / 2


def drawn(net: Stack) -> list[Tensor]:
    """A random direction for each net."""
    [draw] = draws_of([0])
    return [torch.randn(each.shape, generator=draw) for each in net.parameters]


def sharpness(
    net: Stack, losses: Tensor, direction: list[Tensor], iterations: int
) -> tuple[Tensor, list[Tensor]]:
    """The largest Hessian eigenvalue of each net's loss (nets,), and its direction to go on from."""
    slopes = torch.autograd.grad(losses.sum(), net.parameters, create_graph=True)
    value = torch.zeros(())
    for _ in range(iterations):
        length = _dot(direction, direction).sqrt()[:, None, None]
        direction = [part / length for part in direction]
        along = _dot(slopes, direction).sum()
        product = torch.autograd.grad(along, net.parameters, retain_graph=True)
        value = _dot(product, direction)
        direction = list(product)
    return value, direction


def _dot(one: Any, other: Any) -> Tensor:
    return torch.stack([(a * b).sum((1, 2)) for a, b in zip(one, other, strict=True)]).sum(0)


def limits_of(seeds: Sequence[int], data: Data) -> Tensor:
    """What the curvature at the start says of the rates (seeds,)."""
    net = tanh_net(seeds)
    return 2 / sharpness(net, squared_error(net, data), drawn(net), POWER)[0]


def _largest_rates(lab: Lab) -> list[float]:
    """Of each seed's nets: the largest rate whose loss ends below its start, by bisection, over the
    limit at the start; the mean."""
    starts = [STARTS * seed + start for seed in lab.seeds for start in range(STARTS)]
    data = digits(starts, ROWS, standardised=True)
    limits = limits_of(starts, data)
    low, high = limits / 4, 4 * limits
    for _ in lab.track(range(BISECTIONS), "the largest rate of a net by bisection"):
        middle, net = (low * high).sqrt(), tanh_net(starts)
        start = squared_error(net, data).detach()
        _descend(net, data, middle, SURVIVED)
        survived = squared_error(net, data).detach() < start
        low, high = torch.where(survived, middle, low), torch.where(survived, high, middle)
    return (low / limits).view(-1, STARTS).mean(1).tolist()


def _descend(net: Stack, data: Data, rates: Tensor, steps: int) -> None:
    sgd = Sgd(net, rates)
    for _ in range(steps):
        sgd.step(squared_error(net, data))


def _followed(lab: Lab) -> Tensor:
    """lr x sharpness (looks, arms, seeds) during full-batch descent."""
    data = digits(lab.seeds, ROWS, standardised=True)
    net = tanh_net(lab.seeds, len(SHARES))
    rates = per_arm(SHARES, lab.seeds) * limits_of(lab.seeds, data).repeat(len(SHARES))
    direction, iterations, found = drawn(net), POWER, []
    for _ in lab.track(range(STEPS // LOOK + 1), "full-batch descent, watching the sharpness"):
        value, direction = sharpness(net, squared_error(net, data), direction, iterations)
        found.append((rates * value).view(len(SHARES), -1))
        iterations = AGAIN
        _descend(net, data, rates, LOOK)
    return torch.stack(found)


class Scaled(Stack):
    """ReLU nets whose weights are multiplied by fixed factors, as muP wants them for Adam.

    A factor on a weight that Adam trains acts as a factor on its rate: ``NARROW`` / width in all
    layers but the first. The last layer also starts smaller by its square root.
    """

    def __init__(self, width: int, seeds: Sequence[int], *, mup: bool) -> None:
        super().__init__((64, width, width, 10), seeds, arms=len(RATES))
        share = NARROW / width if mup else 1.0
        self.factors = (1.0, share, share)
        with torch.no_grad():
            self.weights[1].div_(share)
            self.weights[2].div_(math.sqrt(share))

    def __call__(self, x: Tensor) -> Tensor:
        """Outputs (nets, rows, classes)."""
        x = x.repeat(self.arms, 1, 1)
        layers = list(zip(self.weights, self.biases, self.factors, strict=True))
        for weight, bias, factor in layers[:-1]:
            x = torch.relu(torch.baddbmm(bias, x, weight, alpha=factor))
        weight, bias, factor = layers[-1]
        return torch.baddbmm(bias, x, weight, alpha=factor)


def _over_rates(lab: Lab, width: int, setup: str) -> Tensor:
    """Training losses (rates, seeds) of Adam."""
    data = digits(lab.seeds, standardised=True)
    net = Scaled(width, lab.seeds, mup=setup.endswith("muP"))
    adam, ends = Adam(net, per_arm(RATES, lab.seeds)), []
    for x, y in lab.track(Batches(data, BATCH, EPOCHS, lab.seeds), f"Adam, {setup}"):
        losses = cross_entropy(net(x), y)
        ends.append(losses.detach())
        adam.step(losses)
    return torch.stack(ends[-LAST:]).mean(0).view(len(RATES), -1)


def valley(losses: Tensor) -> Tensor:
    """The best rate (seeds,): where a parabola through log loss against log rate is lowest."""
    x = torch.tensor(RATES).log()
    powers = torch.stack([x.square(), x, torch.ones_like(x)], 1)
    square, linear, _ = torch.linalg.lstsq(powers, losses.log()).solution
    lowest: Tensor = (-linear / (2 * square)).exp()
    return lowest


def _course(looks: Tensor) -> list[dict[str, Any]]:
    """The mean over the seeds with the lowest and the highest."""
    return [
        {
            "arm": f"{share:g}",
            "step": at * LOOK,
            "mean": round(float(values.mean()), 3),
            "low": round(float(values.amin()), 3),
            "high": round(float(values.amax()), 3),
        }
        for at, look in enumerate(looks)
        for share, values in zip(SHARES, look, strict=True)
    ]


def _valleys(losses: dict[str, Tensor]) -> list[dict[str, Any]]:
    """The median over the seeds."""
    return [
        {"setup": setup, "rate": rate, "loss": round(float(values.median()), 4)}
        for setup, each in losses.items()
        for rate, values in zip(RATES, each, strict=True)
    ]
