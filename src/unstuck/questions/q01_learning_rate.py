"""What does the learning rate do, and what happens when it is too large or too small?

## Answer
It scales each update step. Too small: the run is still unfinished when the budget ends.
Too large: the loss oscillates or diverges. In between, the steps needed form a valley.
It is any positive number: the useful size depends on the optimiser and on the scale of
inputs, loss and parameters. For gradient descent on a quadratic, the stable range is
0 < lr < 2 / (largest Hessian eigenvalue). For linear regression on scikit-learn's
diabetes data (half mean squared error, no intercept) that is about 220, and rates
around 140 were the fastest. A small ReLU net on digits did not get to its target in 20
epochs at lr 0.03 or less, was fastest from 0.3 to 1, and fell to chance at 2. Given
proportionally more steps, full-batch descent at a tenth of the rate ended at the same
training loss within 10 %. With minibatches a small rate may cost generalisation, as its
updates are less noisy (Li, Wei & Ma 2019; not measured here).

## Popular claims
- "the value lies between 0 and 1": wrong. Any positive value is possible; multiplying
  the inputs of a linear model by c divides the stable limit by c squared.
- "a higher rate needs fewer epochs": only if the rate stays well below the stability
  limit. Near it the number of epochs rises again, and above it the run diverges.
- "a small rate may never converge or gets stuck": only if the steps run out. Given
  proportionally more steps, gradient descent reaches about the same training loss (on
  convex problems provably).
- "find it by trial and error": incomplete. One range test of 100 steps found a rate as
  good as a search over 7; curvature or a smaller model (question 9) can help as well.
- "one of the most important hyperparameters": right. It is usually the first one to
  tune.

## Watch for it
Rough thresholds: loss not finite or above 3x its start; update size over weight size
per layer above 1e-1 or below 1e-5. Warm-up spikes and normalised layers can mislead.

## Remedy
Run a range test and take a third of the rate where its smoothed loss was lowest: a ReLU
net that dies keeps a finite loss, so that waiting for a blow-up can go too far. For
full batches, 1 / sharpness. Compare with the old rate on 3 seeds at equal budget.

## Sources
- Bengio 2012, *Practical Recommendations for Gradient-Based Training of Deep
  Architectures*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapters 4 and 8
- Nesterov 2004, *Introductory Lectures on Convex Optimization*
- Smith 2017, *Cyclical Learning Rates for Training Neural Networks*
- Li, Wei & Ma 2019, *Towards Explaining the Regularization Effect of Initial Large
  Learning Rate in Training Neural Networks*
- Lewkowycz et al. 2020, *The large learning rate phase of deep learning: the catapult
  mechanism*
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from unstuck.questions._data import Data, digits
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._quadratic import diabetes, largest_rate, steps_to
from unstuck.questions._run import loss_course, missing, rates_in_use
from unstuck.questions._stack import Batches, Sgd, Stack, accuracy, cross_entropy, per_arm
from unstuck.records.series import median

LINEAR_RATES = (0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 100.0, 130.0, 160.0, 190.0, 205.0, 230.0)
MOST = 5000
"""Steps after which the linear model is given up."""

RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0)
WIDTHS = (64, 32, 10)
EPOCHS, BATCH = 20, 32
GOOD = 0.3
ENOUGH = 0.95

FEW, TIMES = 150, 10
"""Steps at rate 1; a rate so many times smaller gets so many times the steps."""

RANGE_STEPS, LOWEST, HIGHEST = 100, 1e-3, 10.0
SMOOTH, BACK = 0.8, 3
"""The lowest of the smoothed losses says how far a range test may go; the rate to take is a third."""

PREDICTIONS = (
    Prediction(
        "linear regression: the rate that needs the fewest steps to 95 % of the achievable drop",
        "fastest", low=10, claim=1,
    ),
    Prediction(
        "linear regression: the largest rate that converges, as part of 2 / (largest eigenvalue)",
        "limit", 0.99, 1.01, claim=1,
    ),
    Prediction(
        "the same with inputs 10 times as large: 100 times that rate, as part of the former",
        "limit_of_scaled", 0.99, 1.01, claim=1,
    ),
    Prediction(
        "linear regression: steps needed at 0.99 of that limit over the fewest of all rates",
        "slowdown", low=2, claim=2,
    ),
    Prediction(
        "digits: epochs to 95 % training accuracy at lr 0.1 over those at lr 0.3",
        "speed_up", low=1.2, claim=2,
    ),
    Prediction(
        "digits: training accuracy after 20 epochs at lr 3",
        "too_high", high=0.5, claim=2, share=True,
    ),
    Prediction(
        "digits, full batch: training loss of 1500 steps at lr 0.1 over that of 150 at lr 1",
        "same_distance", 0.4, 1.6, claim=3,
    ),
    Prediction(
        "digits, full batch: training loss of 150 steps at lr 0.1 over that of 150 at lr 1",
        "same_steps", low=3, claim=3,
    ),
    Prediction(
        "digits: test accuracy at a third of the rate with the lowest loss in a range test of 100 steps, "
        "less that of the best of 7 rates",
        "range_test", low=-0.03, claim=4,
    ),
    Prediction(
        "digits: range of test accuracy over rates of 0.1 to 2, less that over widths of 8 to 160",
        "matters", low=0.5, claim=5,
        limit="one data set, and the width is only one of the other hyperparameters",
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Linear regression on diabetes, where the limit is known, and a small net on digits."""
    numbers, linear, limits = _linear(lab)
    data = digits(lab.seeds)
    epochs, fitted, scores = _sweep(data, lab)
    slow, fast = (epochs[RATES.index(rate)] for rate in (0.1, GOOD))
    numbers["speed_up"] = (slow / fast).tolist()
    numbers["too_high"] = fitted[RATES.index(3.0)].tolist()
    numbers["range_test"] = (_by_range_test(data, lab) - scores.amax(0)).tolist()
    near = scores[RATES.index(0.1) : RATES.index(2.0) + 1]
    widths = _over_widths(data, lab, scores[RATES.index(GOOD)])
    numbers["matters"] = (near.amax(0) - near.amin(0) - widths).tolist()
    numbers |= _same_distance(lab)
    net = _reached(RATES, epochs, lab, EPOCHS)
    return Measured(numbers, {"linear": linear, "net": net, "limit": limits})


def picture(series: dict[str, Any]) -> Any:
    """Steps and epochs needed against the rate: two valleys, and where the claim puts them."""
    import altair as alt

    linear = _valley(series["linear"], "Linear regression", "steps to 95 % of the drop", MOST)
    net = _valley(series["net"], "Small net", "epochs to 95 % accuracy", EPOCHS)
    return alt.hconcat(linear + _upright(series["limit"]), net, spacing=30)


def on(facts: Any) -> Iterator[str]:
    """The rates in use, how far they move the weights, and what the loss did."""
    yield from rates_in_use(facts)
    yield from _moves(facts)
    yield from loss_course(facts)


def _linear(lab: Lab) -> tuple[dict[str, list[float]], list[dict[str, Any]], list[float]]:
    """Numbers of the linear model, the steps that every rate needs, and each seed's limit."""
    quadratic = diabetes(lab.seeds)
    limit = 2 / quadratic.curvatures[:, -1]
    found, of_scaled = (
        largest_rate(each)
        for each in lab.track([quadratic, diabetes(lab.seeds, 10)], "the largest rate by bisection")
    )
    rates = torch.tensor(LINEAR_RATES).double().repeat(len(lab.seeds), 1)
    needed = steps_to(quadratic, torch.cat([rates, 0.99 * limit[:, None]], 1), 1 - ENOUGH, MOST)
    fastest = needed[:, :-1].min(1)
    numbers = {
        "fastest": [LINEAR_RATES[arm] for arm in fastest.indices.tolist()],
        "limit": (found / limit).tolist(),
        "limit_of_scaled": (100 * of_scaled / found).tolist(),
        "slowdown": (needed[:, -1] / fastest.values).tolist(),
    }
    steps = _reached(LINEAR_RATES, needed[:, :-1].T, lab, MOST)
    return numbers, steps, [round(each, 1) for each in limit.tolist()]


def _reached(rates: tuple[float, ...], needed: Tensor, lab: Lab, most: int) -> list[dict[str, Any]]:
    """Of (arms, seeds) one row each; None where the budget ended before."""
    return [
        {"rate": rate, "needed": count if count < most else None, "seed": seed}
        for rate, row in zip(rates, needed.tolist(), strict=True)
        for seed, count in zip(lab.seeds, row, strict=True)
    ]


def _sweep(data: Data, lab: Lab) -> tuple[Tensor, Tensor, Tensor]:
    """For every rate and seed the epochs needed, at most all, and the training and test accuracy."""
    net = Stack(WIDTHS, lab.seeds, arms=len(RATES))
    sgd = Sgd(net, per_arm(RATES, lab.seeds))
    each_epoch = data.rows // BATCH
    needed = torch.full((len(RATES), len(lab.seeds)), EPOCHS)
    steps = lab.track(Batches(data, BATCH, EPOCHS, lab.seeds), f"{len(RATES)} rates")
    for step, (x, y) in enumerate(steps, start=1):
        sgd.step(cross_entropy(net(x), y))
        if step % each_epoch == 0:
            arrived = accuracy(net, data.x, data.y) >= ENOUGH
            needed = torch.where(arrived & (needed == EPOCHS), step // each_epoch, needed)
    return needed, accuracy(net, data.x, data.y), accuracy(net, data.test_x, data.test_y)


def _trained(data: Data, lab: Lab, width: int, rates: Tensor | float, doing: str) -> Tensor:
    """Test accuracy of one net a seed."""
    net = Stack((WIDTHS[0], width, WIDTHS[-1]), lab.seeds)
    sgd = Sgd(net, rates)
    for x, y in lab.track(Batches(data, BATCH, EPOCHS, lab.seeds), doing):
        sgd.step(cross_entropy(net(x), y))
    return accuracy(net, data.test_x, data.test_y)[0]


def _by_range_test(data: Data, lab: Lab) -> Tensor:
    """Test accuracy with the rate that a range test proposes to each seed."""
    return _trained(data, lab, WIDTHS[1], proposed(data, lab), "the rates of range tests")


def proposed(data: Data, lab: Lab) -> Tensor:
    """Rates (seeds,): a few steps with a growing rate, and back from where the loss was lowest."""
    net = Stack(WIDTHS, lab.seeds)
    sgd = Sgd(net, 1.0)
    growing = torch.logspace(math.log10(LOWEST), math.log10(HIGHEST), RANGE_STEPS).tolist()
    parts = Batches(data, BATCH, EPOCHS, lab.seeds)
    smoothed, lowest = None, torch.full((len(lab.seeds),), torch.inf)
    found = torch.zeros(len(lab.seeds))
    for rate, (x, y) in zip(growing, parts, strict=False):
        losses = cross_entropy(net(x), y)
        now = losses.detach()
        smoothed = now if smoothed is None else SMOOTH * smoothed + (1 - SMOOTH) * now
        found = torch.where(smoothed < lowest, rate, found)
        lowest = torch.fmin(smoothed, lowest)
        sgd.step(losses, rate)
    return found / BACK


def _over_widths(data: Data, lab: Lab, middle: Tensor) -> Tensor:
    """The range of test accuracy over widths at one good rate; ``middle`` is that of the usual one."""
    scores = [_trained(data, lab, width, GOOD, f"width {width}") for width in (8, 160)]
    return torch.stack([*scores, middle]).amax(0) - torch.stack([*scores, middle]).amin(0)


def _same_distance(lab: Lab) -> dict[str, list[float]]:
    """Full batches: a small rate with as many, and with proportionally more steps."""
    data = digits(lab.seeds, train=300)
    large, small = (Stack((64, 16, 10), lab.seeds) for _ in range(2))
    _descend(large, data, 1.0, FEW)
    _descend(small, data, 1 / TIMES, FEW)
    end, early = _losses(large, data), _losses(small, data)
    for _ in lab.track(range(TIMES - 1), "a small rate with more steps"):
        _descend(small, data, 1 / TIMES, FEW)
    late = _losses(small, data)
    return {"same_distance": (late / end).tolist(), "same_steps": (early / end).tolist()}


def _descend(net: Stack, data: Data, rate: float, steps: int) -> None:
    sgd = Sgd(net, rate)
    for _ in range(steps):
        sgd.step(cross_entropy(net(data.x), data.y))


def _losses(net: Stack, data: Data) -> Tensor:
    with torch.no_grad():
        return cross_entropy(net(data.x), data.y)


def _valley(reached: list[dict[str, Any]], title: str, axis: str, most: int) -> Any:
    """A point for every seed, a line through the medians, and the interval of the claim shaded."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, TEXT, WASH, rows

    ticks = alt.Axis(values=[0.01, 0.1, 1, 10, 100, 1000], format="~r", labelFlush=False)
    x = alt.X("rate:Q", title="learning rate", axis=ticks)
    x = x.scale(type="log", domain=[0.006, 400], nice=False)
    y = alt.Y("needed:Q", title=axis, axis=ticks).scale(type="log", domain=[1, 3 * most])
    there = alt.Chart(rows([each for each in reached if each["needed"]])).encode(x=x, y=y)
    never = alt.Chart(rows([each for each in reached if not each["needed"]])).encode(x=x)
    claimed = alt.Chart(rows([{"from": 0.006, "to": 1, "text": "between 0 and 1"}]))
    return (
        claimed.mark_rect(color=WASH, aria=False).encode(x="from:Q", x2="to:Q")
        + claimed.mark_text(color=TEXT, align="left", dx=4, aria=False).encode(
            x="from:Q", y=alt.value(220), text="text:N"
        )
        + there.mark_line(color=LINE, aria=False).encode(y="median(needed):Q")
        + there.mark_point(color=LINE, size=30, strokeWidth=1.5, aria=False)
        + never.mark_text(color=OTHER, text="×", fontSize=16, aria=False).encode(y=alt.value(14))
    ).properties(width=215, height=230, title=alt.Title(title, subtitle=f"× not within {most}"))


def _upright(limits: list[float]) -> Any:
    """A line at the limit that is computed in advance."""
    import altair as alt

    from unstuck.charts import OTHER, rows

    at = alt.Chart(rows([{"rate": sum(limits) / len(limits), "text": "2 / largest eigenvalue"}]))
    rule = at.mark_rule(color=OTHER, strokeDash=[4, 3], aria=False).encode(x="rate:Q")
    label = at.mark_text(color=OTHER, align="right", dx=-5, aria=False)
    return rule + label.encode(x="rate:Q", y=alt.value(48), text="text:N")


def _moves(facts: Any) -> Iterator[str]:
    """How far an update moves the layers, relative to their weights."""
    if facts.gradients is None:
        yield from missing(facts, "gradients", "the sizes of updates were")
        return
    sizes = {}
    for layer in facts.gradients["layers"]:
        seen = [look["update"] for look in layer["looks"] if look["update"] is not None]
        if seen:
            sizes[layer["name"]] = median(seen)
    if not sizes:
        return
    least, most = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    between = f" ({least}) and {sizes[most]:.2g} ({most})" if least != most else f" ({least})"
    yield (
        f"one update moved a layer by {'between ' if least != most else ''}{sizes[least]:.2g}{between} "
        "of its size, in the median of the looks; a rule of thumb is 0.001"
    )
