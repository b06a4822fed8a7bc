"""What is gradient clipping?

## Answer
Limiting the size of the gradient before the update, so that one huge gradient cannot
throw the weights away. Clipping by norm scales the whole gradient down when its norm
exceeds a limit and keeps its direction; it is the usual form (clip_grad_norm_).
Clipping by value cuts each component and turns the direction, more so the more is cut
(cosine 0.98 with the raw gradient where a tenth is). It can improve performance as well
as stability: on x^4, minimised from several starts, the best clipped run needed about
1 % of the steps of the best fixed rate. A tanh RNN with momentum tolerated a learning
rate 3 to 10 times higher with clipping; the accuracy at the best rate of each did not
differ clearly. Clipping cannot repair NaN gradients (by norm, one NaN makes all of them
NaN), nor vanishing ones. With Adam it matters mostly for spikes.

## Popular claims
- "it deals with exploding gradients": right. Most typical in recurrent nets and
  transformers.
- "values are forced element-wise to a minimum or maximum": only if you clip by value;
  the usual form rescales the norm.
- "numerical stability, but no performance improvement": wrong. It allows higher rates,
  and under a relaxed smoothness condition it can be arbitrarily faster than a fixed
  step. Whether the best result of a tuned run gets better is not settled here.

## Watch for it
Log the norm before clipping. Over 90 % of steps clipped: the limit acts as a learning
rate. None: no effect. Largest over median above 20: heavy tail (all rough).

## Remedy
Clip by norm at about the 90th percentile of the logged norms, after unscale_ under
mixed precision. Also try a lower rate and look for outliers in the data.

## Sources
- Pascanu, Mikolov & Bengio 2013, *On the difficulty of training recurrent neural
  networks*
- Zhang, He, Sra & Jadbabaie 2020, *Why gradient clipping accelerates training: A
  theoretical justification for adaptivity*
- Zhang et al. 2020, *Why are Adaptive Methods Good for Attention Models?*
"""

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import torch
from torch import Tensor

from unstuck.questions._arms import compared
from unstuck.questions._data import digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Batches, cross_entropy, per_arm
from unstuck.records.series import finite

STARTS = 6
"""Of x^4, one in each sixth of 3 to 10: a rate that hits one by luck in a step fails with others."""

GOAL, MOST = 1e-4, 5000
"""Of x^4, and steps after which it counts as not reached."""

FIXED = tuple(10 ** (exponent / 8) for exponent in range(-32, 1))
LIMITS = (0.1, 0.3, 1.0, 3.0, 10.0)

PIECES, UNITS, GAIN = 32, 32, 1.3
"""A digit comes as 32 pairs of pixels; recurrent weights of 1.3 x orthogonal let gradients explode."""

ROWS, BATCH, EPOCHS, MOMENTUM = 1000, 50, 7, 0.9
RATES = (0.003, 0.01, 0.03, 0.1)
ARMS = {
    "not clipped": (math.inf, math.inf),
    "norm 0.5": (0.5, math.inf),
    "value 0.02": (math.inf, 0.02),
}
"""Limits of the norm and of each value."""

LEARNED = 0.7
"""Test accuracy from which a learning rate counts as usable."""

REPLAYS = ("clip-gradient-norm",)

PREDICTIONS = (
    Prediction(
        "recurrent net at a rate of 0.1: accuracy clipped by norm less that without clipping",
        "clipped_less_not", low=0.3, claim=1,
    ),
    Prediction(
        "the same net without clipping: first norm of the gradient as a share of the largest",
        "first_norm", high=0.35, claim=1, share=True,
    ),
    Prediction(
        "cosine of the gradient clipped by norm with the raw one",
        "cosine_norm", 1 - 1e-6, 1 + 1e-6, claim=2,
    ),
    Prediction(
        "cosine of the gradient with the raw one, by value, where a tenth of the values is cut",
        "cosine_value", high=0.999, claim=2,
    ),
    Prediction(
        "x^4: steps of the best clipped run as a share of those of the best fixed rate, each from "
        "its worst start",
        "share_of_steps", high=0.05, claim=3,
    ),
    Prediction(
        "recurrent net: largest usable learning rate without clipping as a share of that with it",
        "usable_rate", high=0.5, claim=3,
    ),
    Prediction(
        "clipping by norm with a single NaN in the gradient: share of NaN after it",
        "still_nan", 1, 1, share=True,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """x^4 from random starts, and a recurrent net on digits that come two pixels at a time."""
    fixed, cut = zip(*(_steps_on_x4(seed) for seed in lab.seeds), strict=True)
    net = Recurrent(lab.seeds, len(ARMS) * len(RATES))
    cosines = [_cosines(each) for each in _first_gradients(net, lab.seeds)]
    norms, scores = _train(net, lab)
    plain, by_norm, by_value = scores.view(len(ARMS), len(RATES), -1)
    raw = norms.view(len(norms), len(ARMS), len(RATES), -1)[:, 0, -1]
    numbers = {
        "clipped_less_not": by_norm[-1] - plain[-1],
        "first_norm": raw[0] / raw.amax(0),
        "cosine_norm": torch.tensor([by_norm for by_norm, _ in cosines]),
        "cosine_value": torch.tensor([by_value for _, by_value in cosines]),
        "share_of_steps": torch.tensor(cut) / torch.tensor(fixed),
        "usable_rate": _usable(plain) / _usable(by_norm),
        "best_gain": by_norm.amax(0) - plain.amax(0),
        "best_gain_by_value": by_value.amax(0) - plain.amax(0),
        "still_nan": torch.tensor([_nan_left(seed) for seed in lab.seeds]),
    }
    listed = {name: each.tolist() for name, each in numbers.items()}
    return Measured(listed, {"accuracy": _rows(scores), "x4": {"fixed": fixed, "clipped": cut}})


class Recurrent:
    """Tanh nets for ``arms`` x ``seeds``, one after another along the first axis; arms begin equal."""

    def __init__(self, seeds: Sequence[int], arms: int) -> None:
        draws = draws_of(seeds)
        pixels = 64 // PIECES

        def stacked(*shape: int, scale: float) -> Tensor:
            each = [scale * torch.randn(*shape, generator=draw) for draw in draws]
            return torch.stack(each).repeat(arms, 1, 1)

        recurrent = torch.linalg.qr(stacked(UNITS, UNITS, scale=1.0)).Q * GAIN
        self.parameters = [
            stacked(pixels, UNITS, scale=pixels**-0.5),
            recurrent.contiguous(),
            torch.zeros(arms * len(draws), 1, UNITS),
            stacked(UNITS, 10, scale=UNITS**-0.5),
            torch.zeros(arms * len(draws), 1, 10),
        ]
        self.arms = arms
        for each in self.parameters:
            each.requires_grad_()

    def __call__(self, x: Tensor) -> Tensor:
        """Outputs (nets, rows, 10) of digits (seeds, rows, 64)."""
        inputs, recurrent, bias, out, out_bias = self.parameters
        pieces = x.repeat(self.arms, 1, 1).unflatten(2, (PIECES, -1))  # type: ignore[no-untyped-call]
        state = torch.zeros(1)
        for piece in range(PIECES):
            state = torch.baddbmm(bias, pieces[:, :, piece], inputs) + (
                torch.bmm(state, recurrent) if piece else 0
            )
            state = torch.tanh(state)
        return torch.baddbmm(out_bias, state, out)


def clipped(slopes: Sequence[Tensor], norm: Tensor, value: Tensor) -> tuple[list[Tensor], Tensor]:
    """Gradients of each net with their norm, then each value within limits; and the norms before."""
    found = torch.stack([slope.square().sum((1, 2)) for slope in slopes]).sum(0).sqrt()
    scale = (norm / found).clamp(max=1)[:, None, None]
    limit = value[:, None, None]
    return [torch.minimum((scale * slope), limit).maximum(-limit) for slope in slopes], found


def picture(series: dict[str, Any]) -> Any:
    """Accuracy against the learning rate, clipped and not; beside it the steps on x^4."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, SERIES, rows

    color = alt.Color(
        "clipping:N",
        title=None,
        scale=alt.Scale(domain=list(ARMS), range=[OTHER, LINE, SERIES[2]]),
    )
    base = alt.Chart(rows(series["accuracy"])).encode(
        x=alt.X(
            "rate:Q",
            title="learning rate",
            scale=alt.Scale(type="log", domain=[RATES[0] * 0.8, RATES[-1] * 1.25]),
            axis=alt.Axis(values=list(RATES), format="~g"),
        ),
        color=color,
    )
    y = alt.Y("accuracy:Q", title="test accuracy", scale=alt.Scale(domain=[0, 1]))
    left = base.mark_line(strokeWidth=2).encode(y="mean(accuracy):Q") + base.mark_point(
        size=26, opacity=0.6
    ).encode(y=y, shape=alt.Shape("clipping:N", legend=None))
    steps = [
        {"way": way, "steps": number}
        for way, name in (("best fixed rate", "fixed"), ("best clipped", "clipped"))
        for number in series["x4"][name]
    ]
    right = (
        alt.Chart(rows(steps))
        .mark_point(size=40, color=LINE)
        .encode(
            x=alt.X(
                "way:N",
                title=f"x^4, worst of {STARTS} starts",
                sort=None,
                axis=alt.Axis(labelAngle=0),
            ),
            y=alt.Y(
                "steps:Q",
                title="steps",
                scale=alt.Scale(type="log", domain=[1, 10000]),
                axis=alt.Axis(values=[1, 10, 100, 1000, 10000]),
            ),
        )
    )
    return left.properties(width=270, height=240) | right.properties(width=190, height=240)


def on(facts: Any) -> Iterator[str]:
    """The norms of the person's gradients and what clipping did to them."""
    for line in facts.clipping or ():
        yield from _of_line(line)
    if not facts.clipping and facts.gradients:
        norms = finite(facts.gradients["totals"])
        if norms:
            yield f"gradients were not clipped; {_norms(norms)}"
    yield from compared(facts, {"clip-gradient-norm": "with gradients clipped by norm"})


def _of_line(line: Any) -> Iterator[str]:
    said = f"{line['function']} with a limit of {line['threshold']:g}"
    norms, cut = finite(line["norms"]), finite(line["cut"])
    if norms:
        above = sum(norm > line["threshold"] for _, norm in norms)
        yield f"{said}: {above} of {len(norms)} norms seen were above it; {_norms(norms)}"
    if cut and line["function"] == "clip_grad_value_":
        yield f"{said} cut {median(share for _, share in cut):.0%} of the values (median of {len(cut)} looks)"
    if line["early"]:
        yield f"{said} came {line['early']} of {line['calls']} times without a backward pass before it"


def _norms(pairs: Sequence[tuple[float, float]]) -> str:
    step, largest = max(pairs, key=lambda pair: pair[1])
    return f"median norm {median(norm for _, norm in pairs):.3g}, largest {largest:.3g} at step {step:.0f}"


def _steps_on_x4(seed: int) -> tuple[int, int]:
    """Of the best fixed rate and of the best clipped run: steps from the worst of the starts."""
    draw = torch.Generator().manual_seed(seed)
    parts = torch.arange(STARTS) + torch.rand(STARTS, generator=draw, dtype=torch.float64)
    starts = 3 + 7 * parts / STARTS
    rates = torch.tensor(FIXED, dtype=torch.float64)[:, None, None]
    limits = torch.tensor([math.inf, *LIMITS], dtype=torch.float64)[:, None]
    steps = _steps(starts, rates, limits).amax(2)  # (rates, limits)
    return int(steps[:, 0].min()), int(steps[:, 1:].min())


def _steps(starts: Tensor, rates: Tensor, limits: Tensor) -> Tensor:
    """How many until x^4 is at most ``GOAL``, for every rate, limit and start."""
    shape = (len(rates), len(limits), len(starts))
    x, steps = starts.expand(shape).clone(), torch.full(shape, MOST)
    for step in range(MOST):
        steps = torch.where((x**4 <= GOAL) & (steps == MOST), step, steps)
        slope = (4 * x**3).clamp(-1e30, 1e30)  # a run that has left for good stays finite
        x = x - rates * torch.minimum(slope, limits).maximum(-limits)
        if bool(((steps < MOST) | (x.abs() > 1e6)).all()):
            break
    return steps


def _first_gradients(net: Recurrent, seeds: Sequence[int]) -> Tensor:
    """Of each seed's net at its start: one row of values."""
    data = digits(seeds, BATCH)
    slopes = torch.autograd.grad(cross_entropy(net(data.x), data.y).sum(), net.parameters)
    return torch.cat([slope[: len(seeds)].flatten(1) for slope in slopes], 1)


def _cosines(gradient: Tensor) -> tuple[float, float]:
    """With the raw gradient: clipped to half its norm, and at the value that a tenth exceed."""
    raw, one = gradient.double()[None, None], torch.ones(1, dtype=torch.float64)
    none, half = one * math.inf, raw.norm() / 2 * one
    tenth = raw.abs().flatten().quantile(0.9) * one
    [by_norm], _ = clipped([raw], half, none)
    [by_value], _ = clipped([raw], none, tenth)
    first, second = (
        torch.cosine_similarity(each.flatten(), raw.flatten(), 0) for each in (by_norm, by_value)
    )
    return float(first), float(second)


def _train(net: Recurrent, lab: Lab) -> tuple[Tensor, Tensor]:
    """Norms (steps, nets) and test accuracy (nets,) of every arm at every rate."""
    data, nets = digits(lab.seeds, ROWS), len(lab.seeds)
    limits = [pair for pair in ARMS.values() for _ in RATES]
    norm, value = (per_arm(each, lab.seeds) for each in zip(*limits, strict=True))
    rates = per_arm(RATES * len(ARMS), lab.seeds)[:, None, None]
    speeds = [torch.zeros_like(each) for each in net.parameters]
    norms = []
    for x, y in lab.track(Batches(data, BATCH, EPOCHS, lab.seeds), "recurrent nets"):
        raw = torch.autograd.grad(cross_entropy(net(x), y).sum(), net.parameters)
        slopes, found = clipped(raw, norm, value)
        norms.append(found)
        with torch.no_grad():
            for each, slope, speed in zip(net.parameters, slopes, speeds, strict=True):
                speed.mul_(MOMENTUM).add_(slope)
                each.sub_(rates * speed)
    with torch.no_grad():
        right = net(data.test_x).argmax(2) == data.test_y.repeat(len(rates) // nets, 1)
    return torch.stack(norms), right.float().mean(1)


def _usable(scores: Tensor) -> Tensor:
    """The largest rate with which a seed's net learns; of none the smallest tried."""
    rates = torch.tensor(RATES)[:, None].expand_as(scores)
    return torch.where(scores >= LEARNED, rates, RATES[0]).amax(0)


def _nan_left(seed: int) -> float:
    draw = torch.Generator().manual_seed(seed)
    weight = torch.zeros(20, requires_grad=True)
    weight.grad = torch.randn(20, generator=draw)
    weight.grad[0] = math.nan
    torch.nn.utils.clip_grad_norm_([weight], 1.0)
    return float(weight.grad.isnan().float().mean())


def _rows(scores: Tensor) -> list[dict[str, Any]]:
    pairs = [(name, rate) for name in ARMS for rate in RATES]
    return [
        {"clipping": name, "rate": rate, "accuracy": round(score, 4)}
        for (name, rate), each in zip(pairs, scores.view(len(pairs), -1).tolist(), strict=True)
        for score in each
    ]
