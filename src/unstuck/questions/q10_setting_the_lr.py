"""What are the usual ways of setting the learning rate?

## Answer
Find a peak value by a range test or a small search, then keep it fixed, or warm up to
it and let it decay (step, cosine, one-cycle). Adaptive methods such as Adam and Adagrad
scale the step per parameter but still need a global rate. Others: line search, rates
that follow the batch size, methods that estimate the rate (D-Adaptation, Prodigy).
Momentum is not one of them: it changes the direction, and as a side effect makes a step
under a steady gradient 1 / (1 - beta) times as long, so 10 at beta 0.9. On a digits MLP
momentum at lr 0.001, 0.003 and 0.01 matched SGD at 10 x lr within 1.0 point; at lr 1
SGD reached 0.96, with momentum 0.13. At the rate of 7 that was best on test data six
methods lay within 1.2 points, and a line search got 0.96 from first guesses of 0.001 to
1000. On linear regression in batches of 8, where gradients stay noisy, a cosine left
4 % of the excess loss of its peak rate held fixed. Which optimiser is best depends on
task, budget and tuning.

## Popular claims
- "a fixed value for the whole run": right. It works, but where gradients stay noisy
  a decay from the same rate ends lower.
- "a learning rate schedule": right. Step and cosine are common.
- "adaptive learning rates": right. But Adam still has a global rate to tune.
- "adding momentum to SGD": wrong. It does not set the rate; raising beta without
  lowering the rate enlarges the effective step.
- "these four are the approaches": incomplete. The range test, line search, batch-size
  scaling and self-tuning methods are missing.

## Watch for it
Log the rate each step: constant to the end with a noisy loss, a scheduler that never
steps, Adam above 0.03 (rough). Short runs and schedules set elsewhere can mislead.

## Remedy
Take the peak from a range test, add warm-up and cosine decay, and lower the rate when
raising momentum. Compare on the same seeds: less loss noise at the end, validation not
worse.

## Sources
- Robbins & Monro 1951, *A Stochastic Approximation Method*
- Duchi, Hazan & Singer 2011, *Adaptive Subgradient Methods for Online Learning and
  Stochastic Optimization*
- Sutskever et al. 2013, *On the importance of initialization and momentum in deep
  learning*
- Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*
- Smith 2017, *Cyclical Learning Rates for Training Neural Networks*
- Goyal et al. 2017, *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*
- Loshchilov & Hutter 2017, *SGDR: Stochastic Gradient Descent with Warm Restarts*
- Vaswani et al. 2019, *Painless Stochastic Gradient: Interpolation, Line-Search, and
  Convergence Rates*
- Defazio & Mishchenko 2023, *Learning-Rate-Free Learning by D-Adaptation*
- Schmidt, Schneider & Hennig 2021, *Descending through a Crowded Valley*
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from unstuck.questions import _ways
from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._run import missing, rates_in_use
from unstuck.questions._stack import (
    Adam,
    Batches,
    Sgd,
    Stack,
    accuracy,
    cross_entropy,
    falling,
    per_arm,
)
from unstuck.records.series import finite

WIDTHS, BATCH, EPOCHS = (64, 32, 10), 32, 12
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
TENFOLD = ((0, 2), (1, 3), (2, 4))
"""Pairs of them, the second 10 times the first."""

MOMENTUM = 0.9
DROP, DROPPED_AT = 0.1, 0.7

COURSES = ("fixed", "step", "cosine")

GUESSES = (1e-3, 1.0, 1e3)
SUFFICIENT, HALVINGS = 0.5, 30
"""A step must bring half of what the slope promises, or it is halved (Armijo's rule): of a tenth, steps
that only the batch likes are let through."""

LINEAR_RATE, LINEAR_BATCH, LINEAR_EPOCHS = 0.1, 8, 40
"""A fifth of the limit of full batches, about 0.5; the gradients of 8 patients are noisy."""

REPLAYS = _ways.WAYS

PREDICTIONS = (
    Prediction(
        "fixed rate: test accuracy at the best of 7 rates",
        "fixed", low=0.9, claim=1, share=True,
    ),
    Prediction(
        "step and cosine decay: the lower of their test accuracies at the best of 7 rates",
        "falling", low=0.9, claim=2, share=True,
    ),
    Prediction(
        "linear regression, batches of 8: loss above the lowest possible in the last epoch, cosine "
        "over fixed rate",
        "decay", high=0.3, claim=2,
    ),
    Prediction(
        "Adam and Adagrad: the lower of their test accuracies at the best of 7 rates",
        "adaptive", low=0.9, claim=3, share=True,
    ),
    Prediction(
        "Adam: test accuracy at the best less that at the worst of 7 rates",
        "adam_span", low=0.5, claim=3,
    ),
    Prediction(
        "momentum 0.9 and a constant gradient: the step it ends with, over one without momentum",
        "effective", 9.99, 10.01, claim=4,
    ),
    Prediction(
        "momentum 0.9 at rates up to 0.01, none at 10 times those: largest difference of accuracy",
        "momentum_gap", high=0.04, claim=4,
    ),
    Prediction(
        "momentum 0.9: test accuracy at the best less that at the worst of 7 rates",
        "momentum_span", low=0.5, claim=4,
    ),
    Prediction(
        "rate 1: test accuracy without momentum less that with momentum 0.9",
        "raised", low=0.4, claim=4,
    ),
    Prediction(
        "line search whose first guess is 0.001, 1 or 1000: the lowest of the three accuracies",
        "searched", low=0.9, claim=5, share=True,
    ),
    Prediction(
        "line search: best less worst accuracy of the three", "searched_span", high=0.03, claim=5,
    ),
    Prediction(
        "six methods, each at its best rate: best less worst accuracy",
        "methods_span", high=0.04, limit="one data set, one net and one budget rank no methods",
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits, 64-32-10: six methods at seven rates, and a line search that is given none."""
    data = digits(lab.seeds)
    scores = _descended(data, lab)
    for name, make in (("momentum", _with_momentum), ("Adam", Adam), ("Adagrad", Adagrad)):
        scores[name] = _trained(data, lab, name, make)
    searched = _searched(data, lab)
    numbers = _of_rates(scores) | {
        "decay": _decay(lab),
        "effective": torch.tensor([_effective(seed) for seed in lab.seeds]),
        "searched": searched.amin(0),
        "searched_span": searched.amax(0) - searched.amin(0),
    }
    seen = {name: each.tolist() for name, each in numbers.items()}
    return Measured(seen, {"accuracy": _rows(scores)})


def picture(series: dict[str, Any]) -> Any:
    """Test accuracy against the rate: momentum is gradient descent at ten times the rate; the others."""
    import altair as alt

    seen = series["accuracy"]
    moved = [
        each | {"method": "momentum, rate × 10", "rate": 10 * each["rate"]}
        for each in seen
        if each["method"] == "momentum" and 10 * each["rate"] <= RATES[-1]
    ]
    shift = _curves(seen + moved, ("fixed", "momentum", "momentum, rate × 10"), 0)
    others = _curves(seen, ("step", "cosine", "Adam", "Adagrad"), 2)
    left = shift.properties(
        title=alt.Title("Momentum 0.9", subtitle="moves the curve to a tenth of the rate")
    )
    right = others.properties(
        title=alt.Title("Falling rates, adaptive methods", subtitle="still need a rate each")
    )
    return alt.hconcat(left, right, spacing=30).resolve_scale(
        color="independent", strokeDash="independent"
    )


def _curves(seen: list[dict[str, Any]], names: Sequence[str], first: int) -> Any:
    """A line for each method, in colours from the ``first`` on."""
    import altair as alt

    from unstuck.charts import SERIES, rows

    colours = alt.Scale(domain=list(names), range=list(SERIES[first : first + len(names)]))
    dashes = alt.Scale(domain=list(names), range=[[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]])
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=3, columns=2)
    return (
        alt.Chart(rows([each for each in seen if each["method"] in names]))
        .mark_line(strokeWidth=2, aria=False)
        .encode(
            x=alt.X("rate:Q", title="learning rate")
            .scale(type="log", domain=[RATES[0] * 0.8, RATES[-1] * 1.25])
            .axis(values=[0.001, 0.01, 0.1, 1], format="~g"),
            y=alt.Y("accuracy:Q", title="test accuracy").scale(domain=[0, 1]),
            color=alt.Color("method:N", title=None, scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("method:N", title=None, scale=dashes, legend=legend),
        )
        .properties(width=225, height=220)
    )


def on(facts: Any) -> Iterator[str]:
    """How the person's run set its rate: the rates, the momentum, and the schedule."""
    yield from rates_in_use(facts)
    for each in facts.optimizers or ():
        yield from _momentum(each)
    yield from missing(facts, "schedulers", "a schedule was")
    for each in facts.schedulers or ():
        if not each["inner"]:
            yield _schedule(each)
    yield from _ways.on(facts)


def _momentum(optimizer: dict[str, Any]) -> Iterator[str]:
    """What momentum makes of the learning rate of plain gradient descent."""
    settings = optimizer["settings"]
    rate, beta = settings.get("lr"), settings.get("momentum", 0.0)
    if optimizer["name"] != "SGD" or optimizer["groups"] != 1 or not rate or not 0 < beta < 1:
        return
    times = (1 - settings.get("dampening", 0.0)) / (1 - beta)
    yield (
        f"under a steady gradient, SGD with momentum {beta:g} and learning rate {rate:g} comes to step "
        f"as far as without momentum at {rate * times:.3g}"
    )


def _schedule(scheduler: dict[str, Any]) -> str:
    name, steps, updates = scheduler["name"], scheduler["steps"], scheduler["updates"]
    if not steps:
        return (
            f"{name} was built and never stepped in {updates} updates of {scheduler['optimizer']}"
        )
    text = f"{name} was stepped {steps} times in {updates} updates of {scheduler['optimizer']}"
    seen = [rate for _, rate in finite(scheduler["rates"])]
    if len(seen) > 1 and math.isclose(min(seen), max(seen), rel_tol=1e-6):
        text += f", and the learning rate stayed at {seen[0]:g}"
    return text


def _of_rates(scores: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the accuracies (rates, seeds) of the methods say, (seeds,) each."""
    best = {name: each.amax(0) for name, each in scores.items()}
    span = {name: best[name] - each.amin(0) for name, each in scores.items()}
    plain, heavy = scores["fixed"], scores["momentum"]
    gaps = [(heavy[low] - plain[high]).abs() for low, high in TENFOLD]
    bests = torch.stack(list(best.values()))
    return {
        "fixed": best["fixed"],
        "falling": torch.minimum(best["step"], best["cosine"]),
        "adaptive": torch.minimum(best["Adam"], best["Adagrad"]),
        "adam_span": span["Adam"],
        "momentum_gap": torch.stack(gaps).amax(0),
        "momentum_span": span["momentum"],
        "raised": plain[-1] - heavy[-1],
        "methods_span": bests.amax(0) - bests.amin(0),
    }


class Adagrad:
    """Duchi, Hazan & Singer 2011, with a rate of its own for each net."""

    def __init__(self, net: Stack, rates: Tensor) -> None:
        self.parameters, self.rates = net.parameters, rates.reshape(-1, 1, 1)
        self.squares = [torch.zeros_like(each) for each in self.parameters]

    def step(self, losses: Tensor) -> None:
        """One update, of the loss of each net (nets,)."""
        slopes = torch.autograd.grad(losses.sum(), self.parameters)
        with torch.no_grad():
            for each, slope, square in zip(self.parameters, slopes, self.squares, strict=True):
                square.addcmul_(slope, slope)
                each.sub_(self.rates * slope / (square.sqrt() + 1e-10))


def _with_momentum(net: Stack, rates: Tensor) -> Sgd:
    return Sgd(net, rates, MOMENTUM)


def courses(steps: int) -> Tensor:
    """Of a rate what is left at each step (courses, steps)."""
    left = torch.tensor(falling(steps))
    step = torch.where(1 - left < DROPPED_AT, 1.0, DROP)
    return torch.stack([torch.ones(steps), step, (1 - (math.pi * left).cos()) / 2])


def _descended(data: Data, lab: Lab) -> dict[str, Tensor]:
    """Test accuracy (rates, seeds) of gradient descent, by the course of its rate."""
    net = Stack(WIDTHS, lab.seeds, arms=len(COURSES) * len(RATES))
    peaks = per_arm(RATES * len(COURSES), lab.seeds)
    order = Batches(data, BATCH, EPOCHS, lab.seeds)
    left = courses(len(order)).repeat_interleave(len(RATES) * len(lab.seeds), 0)
    for step, (x, y) in enumerate(lab.track(order, "fixed and falling rates")):
        # Without momentum it remembers nothing, so that a new one is as good as the old.
        Sgd(net, peaks * left[:, step]).step(cross_entropy(net(x), y))
    scores = accuracy(net, data.test_x, data.test_y).view(len(COURSES), len(RATES), -1)
    return dict(zip(COURSES, scores, strict=True))


def _trained(data: Data, lab: Lab, name: str, make: Any) -> Tensor:
    """Test accuracy (rates, seeds)."""
    net = Stack(WIDTHS, lab.seeds, arms=len(RATES))
    optimizer = make(net, per_arm(RATES, lab.seeds))
    for x, y in lab.track(Batches(data, BATCH, EPOCHS, lab.seeds), name):
        optimizer.step(cross_entropy(net(x), y))
    return accuracy(net, data.test_x, data.test_y)


def _searched(data: Data, lab: Lab) -> Tensor:
    """Test accuracy (guesses, seeds) of a line search on every batch."""
    net, rates = Stack(WIDTHS, lab.seeds, arms=len(GUESSES)), per_arm(GUESSES, lab.seeds)
    for x, y in lab.track(Batches(data, BATCH, EPOCHS, lab.seeds), "line search"):
        rates = 2 * line_search(net, x, y, rates)
    return accuracy(net, data.test_x, data.test_y)


def line_search(net: Stack, x: Tensor, y: Tensor, rates: Tensor) -> Tensor:
    """One step of each net with the largest rate that is enough, halved as often as need be."""
    losses = cross_entropy(net(x), y)
    slopes = torch.autograd.grad(losses.sum(), net.parameters)
    promised = sum(slope.square().sum((1, 2)) for slope in slopes)
    starts = [each.detach().clone() for each in net.parameters]
    with torch.no_grad():
        for _ in range(HALVINGS):
            for each, start, slope in zip(net.parameters, starts, slopes, strict=True):
                each.copy_(start - rates[:, None, None] * slope)
            enough = cross_entropy(net(x), y) <= losses - SUFFICIENT * rates * promised
            if enough.all():
                break
            rates = torch.where(enough, rates, rates / 2)
    return rates


def _decay(lab: Lab) -> Tensor:
    """Linear regression: what is left above the lowest loss, cosine over fixed rate (seeds,)."""
    data = diabetes(lab.seeds)
    lowest = _lowest(data)
    net = Stack((data.x.shape[2], 1), lab.seeds, arms=2, dtype=torch.float64)
    order = Batches(data, LINEAR_BATCH, LINEAR_EPOCHS, lab.seeds)
    left = courses(len(order))[[0, COURSES.index("cosine")]].repeat_interleave(len(lab.seeds), 0)
    above, last = torch.zeros(2, len(lab.seeds)), len(order) // LINEAR_EPOCHS
    for step, (x, y) in enumerate(lab.track(order, "linear regression")):
        Sgd(net, LINEAR_RATE * left[:, step]).step(half_squares(net, x, y))
        if step >= len(order) - last:
            with torch.no_grad():
                above = above + half_squares(net, data.x, data.y).view(2, -1) - lowest
    return above[1] / above[0]


def diabetes(seeds: Sequence[int]) -> Data:
    """All patients, inputs and target standardised; the seeds differ in starts and orders alone."""
    from sklearn.datasets import load_diabetes

    x, y = (torch.tensor(each) for each in load_diabetes(return_X_y=True))
    x, y = ((each - each.mean(0)) / each.std(0) for each in (x, y))
    x, y = x.expand(len(seeds), *x.shape), y.expand(len(seeds), -1)
    return Data(x, y, x, y)


def half_squares(net: Stack, x: Tensor, y: Tensor) -> Tensor:
    """Half the mean squared error of each net (nets,)."""
    return (net(x)[..., 0] - y.repeat(net.arms, 1)).square().mean(1) / 2


def _lowest(data: Data) -> Tensor:
    """The lowest loss of a linear model with intercept (seeds,)."""
    x = torch.cat([data.x, torch.ones_like(data.x[..., :1])], 2)
    weights: Tensor = torch.linalg.lstsq(x, data.y[..., None]).solution
    return ((x @ weights)[..., 0] - data.y).square().mean(1) / 2


def _effective(seed: int) -> float:
    """By torch's own optimizer: the last step over the rate times the gradient."""
    [draw] = draws_of([seed])
    weight = torch.zeros(10, dtype=torch.float64, requires_grad=True)
    weight.grad = torch.randn(10, generator=draw, dtype=torch.float64)
    descent = torch.optim.SGD([weight], lr=0.01, momentum=MOMENTUM)
    for _ in range(300):
        before = weight.detach().clone()
        descent.step()
    moved = (before - weight.detach()).norm() / (0.01 * weight.grad.norm())
    return float(moved)


def _rows(scores: dict[str, Tensor]) -> list[dict[str, Any]]:
    """The mean over the seeds."""
    return [
        {"method": name, "rate": rate, "accuracy": round(float(values.mean()), 4)}
        for name, each in scores.items()
        for rate, values in zip(RATES, each, strict=True)
    ]
