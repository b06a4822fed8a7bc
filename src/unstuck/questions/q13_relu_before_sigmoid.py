"""What happens with a ReLU in front of a sigmoid output?

## Answer
It depends on where the ReLU is. ReLU in the hidden layers followed by a linear output
layer and a sigmoid is the ordinary binary classifier and works: the output weights can
be negative, so the logit can be too. A ReLU applied to the logit itself is a bug. Then
the logit is never negative and p is never below 0.5. Whether only one class is
predicted depends on the decision rule: with p >= 0.5 everything is positive (accuracy
0.63 on breast cancer data); with p > 0.5 or round() the negatives sit at exactly 0.5
and count as class 0, so accuracy looks normal (0.96 against 0.97). The damage is there
all the same: the log-loss cannot fall below the share of negatives x ln 2,
probabilities are wrong (a Brier score 0.09 worse), and an inactive logit passes no
gradient. Now and then it is inactive for every input from the start: the net is dead.

## Popular claims
- "ReLU layers, then a sigmoid: one class for all inputs": wrong. With a linear output
  layer in between, as usual, it works.
- "because the output of a ReLU is never negative": only if the ReLU is on the logit
  itself and the rule is p >= 0.5; with p > 0.5 both classes still appear, unless the
  logit is dead (2 of 100 starts).

## Watch for it
On a probe set with both classes: smallest p at 0.5 or above, or more than 1 % of p at
exactly 0.5 (rough). Models meant to have non-negative logits are an exception.

## Remedy
Remove the activation before the loss and use BCEWithLogitsLoss. Then the smallest p
drops below 0.05 (rough), and the log-loss falls below its old floor.

## Sources
- PyTorch documentation, *BCEWithLogitsLoss*
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, shuffled
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Adam, Batches, Stack

WIDTHS = (30, 16, 1)
TRAIN, SIZE, EPOCHS, RATE = 400, 32, 20, 0.01
STARTS = 20
"""Nets of one seed: a few of them die at once, so that the median tells of those that do not."""

ARMS = ("linear output", "ReLU on the logit")
CLASSES = ("negative", "positive")
BINS = 20

PREDICTIONS = (
    Prediction(
        "ReLU layers, a linear output, sigmoid: share of test inputs called positive",
        "usual_positive", 0.5, 0.75, claim=1, share=True,
    ),
    Prediction("the same: accuracy", "usual_accuracy", low=0.94, claim=1, share=True),
    Prediction(
        "ReLU on the logit, rule p >= 0.5: share of test inputs called positive",
        "positive_at_least", 1, 1, claim=2, share=True,
    ),
    Prediction(
        "ReLU on the logit, rule p > 0.5: accuracy less that of the linear output",
        "gain_above", -0.05, 0.05, claim=2,
    ),
    Prediction(
        "ReLU on the logit: share of nets whose log-loss is below its floor, the share of negatives "
        "x ln 2",
        "below_floor", 0, 0, share=True,
    ),
    Prediction("linear output: log-loss less the same floor", "usual_above_floor", high=-0.02),
    Prediction(
        "ReLU on the logit: Brier score less that of the linear output", "brier_gain", low=0.04
    ),
    Prediction(
        "ReLU on the logit: share of negatives with an inactive logit, which passes no gradient",
        "inactive", low=0.8, share=True,
    ),
    Prediction(
        "ReLU on the logit: share of starts that end with p = 0.5 for every training input",
        "dead_starts", high=0.2, share=True,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Breast cancer, 30-16-1, Adam: ``STARTS`` nets a seed with and without a ReLU on the logit."""
    data = cancer(lab.seeds)
    x, y, test_x = (each.repeat_interleave(STARTS, 0) for each in (data.x, data.y, data.test_x))
    starts = [STARTS * seed + start for seed in lab.seeds for start in range(STARTS)]
    net = Stack(WIDTHS, starts, arms=len(ARMS))
    adam = Adam(net, RATE)
    order = Batches(Data(x, y, test_x, data.test_y), SIZE, EPOCHS, starts)
    for some, truth in lab.track(order, "nets with and without it"):
        targets = truth.repeat(len(ARMS), 1).float()
        found = logits(net, some)
        adam.step(F.binary_cross_entropy_with_logits(found, targets, reduction="none").mean(1))
    with torch.no_grad():
        shape = len(ARMS), len(lab.seeds), STARTS, -1
        seen, trained = logits(net, test_x).view(shape), logits(net, x).view(shape)
    usual, bug = (scores(each, data.test_y) for each in seen)
    floor = (data.test_y == 0).float().mean(1, keepdim=True) * math.log(2)
    measured = {
        "usual_positive": usual["positive"],
        "usual_accuracy": usual["accuracy"],
        "positive_at_least": bug["positive_at_least"],
        "gain_above": bug["accuracy"] - usual["accuracy"],
        "above_floor": bug["log_loss"] - floor,
        "usual_above_floor": usual["log_loss"] - floor,
        "brier_gain": bug["brier"] - usual["brier"],
        "inactive": bug["inactive"],
    }
    numbers = {name: each.median(1).values.tolist() for name, each in measured.items()}
    below = bug["log_loss"] < floor - 1e-6
    numbers["below_floor"] = below.float().mean(1).tolist()
    numbers["dead_starts"] = (trained[1] == 0).all(2).float().mean(1).tolist()
    return Measured(numbers, _series(seen, data.test_y, (usual, bug)))


def picture(series: dict[str, Any]) -> Any:
    """Which probabilities the two nets give, by true class, and what two rules make of them."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, TEXT, rows

    colours = alt.Color(
        "truth:N", title="truly", scale=alt.Scale(domain=list(CLASSES), range=[OTHER, LINE])
    )
    panels = []
    for arm in ARMS:
        bars = (
            alt.Chart(rows([each for each in series["shares"] if each["arm"] == arm]))
            .mark_rect(aria=False)
            .encode(
                x=alt.X("low:Q", title="predicted p", scale=alt.Scale(domain=[0, 1])),
                x2="high:Q",
                y=alt.Y("zero:Q", title="share of the class", scale=alt.Scale(domain=[0, 1])),
                y2="share:Q",
                color=colours,
            )
        )
        said = alt.TitleParams(arm, subtitle=series["rules"][arm], subtitleColor=TEXT)
        panels.append(bars.properties(width=225, height=220, title=said))
    return alt.hconcat(*panels)


def on(facts: Any) -> Iterator[str]:
    """What makes the logits of the person's run, and on which side of one half they fall."""
    sites = [each for each in facts.loss_calls or () if each["training"]]
    binary = [each for each in sites if each["function"] in _BINARY]
    if facts.loss_calls is None and "loss_calls" in facts.missing:
        yield f"what makes the logits is not known: {facts.missing['loss_calls']}"
    for site in binary:
        yield from _of_logits(site)
    if not binary:
        return
    for each in facts.predictions or ():
        if len(each["predicted"]) == 2 and sum(each["predicted"]):
            no, yes = each["predicted"]
            yield (
                f"in {each['source']} at step {each['step']}, {yes} of {no + yes} predictions are "
                "positive by the rule p > 0.5"
            )


_BINARY = {"binary_cross_entropy_with_logits": 0, "binary_cross_entropy": 1}
"""How many operations stand between the logits and the loss: none, or the sigmoid."""

_NEVER_NEGATIVE = {
    "ReluBackward0": "ReLU",
    "SoftplusBackward0": "softplus",
    "AbsBackward0": "abs",
    "ExpBackward0": "exp",
}


def _of_logits(site: dict[str, Any]) -> Iterator[str]:
    seen, after = site["input"], _BINARY[site["function"]]
    chain = site["chain"][after:]
    name = _NEVER_NEGATIVE.get(chain[0], "") if chain else ""
    if seen is None:
        return
    what = "probabilities" if after else "logits"
    text = f"the {what} that {site['function']} received were {seen['minimum']:.3g} to "
    text += f"{seen['maximum']:.3g}"
    if name:
        text += f", behind a {name}: p is never below 0.5"
        if seen["zero_share"] and not after:
            text += f", and exactly 0.5 for up to {seen['zero_share']:.0%} of a batch"
    elif seen["minimum"] >= (0.5 if after else 0):
        text += ": p was never below 0.5"
    elif seen["maximum"] > (0.5 if after else 0):
        text += ": p was on both sides of 0.5"
    yield text


def cancer(seeds: tuple[int, ...]) -> Data:
    """The breast cancer data of scikit-learn, standardised by the 400 training rows of each seed."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    x, y = torch.tensor(bunch.data, dtype=torch.float32), torch.tensor(bunch.target)
    orders = torch.tensor(shuffled(len(x), seeds))
    fit, held = orders[:, :TRAIN], orders[:, TRAIN:]
    mean, deviation = x[fit].mean(1, keepdim=True), x[fit].std(1, keepdim=True)
    return Data((x[fit] - mean) / deviation, y[fit], (x[held] - mean) / deviation, y[held])


def logits(net: Stack, x: Tensor) -> Tensor:
    """(nets, rows): those of the first arm as they are, those of the second behind a ReLU."""
    usual, bug = net(x)[..., 0].chunk(2)
    return torch.cat([usual, torch.relu(bug)])


def scores(found: Tensor, y: Tensor) -> dict[str, Tensor]:
    """What nets with these logits (seeds, starts, rows) are worth; the rules are on p."""
    p, truth = found.sigmoid(), y[:, None].expand(found.shape).float()
    return {
        "positive": (p > 0.5).float().mean(2),
        "positive_at_least": (p >= 0.5).float().mean(2),
        "accuracy": ((p > 0.5) == (truth == 1)).float().mean(2),
        "accuracy_at_least": ((p >= 0.5) == (truth == 1)).float().mean(2),
        "log_loss": F.binary_cross_entropy_with_logits(found, truth, reduction="none").mean(2),
        "brier": (p - truth).square().mean(2),
        "inactive": ((found == 0) & (truth == 0)).sum(2) / (truth == 0).sum(2),
    }


def _series(seen: Tensor, y: Tensor, scored: tuple[dict[str, Tensor], ...]) -> dict[str, Any]:
    """Of all nets together: shares of each true class by probability, and the rules' accuracies."""
    width = 1 / BINS
    shares: list[dict[str, Any]] = []
    rules: dict[str, list[str]] = {}
    for arm, found, each in zip(ARMS, seen, scored, strict=True):
        truth = y[:, None].expand(found.shape)
        for label, name in enumerate(CLASSES):
            p = found.sigmoid()[truth == label]
            counts = (p / width).long().clamp_max(BINS - 1).bincount(minlength=BINS)
            shares += [
                {
                    "arm": arm,
                    "truth": name,
                    "low": round(at * width + label * width / 2, 4),
                    "high": round(at * width + (label + 1) * width / 2, 4),
                    "zero": 0,
                    "share": round(float(count / len(p)), 4),
                }
                for at, count in enumerate(counts)
                if count
            ]
        rules[arm] = [
            f"accuracy {float(each[name].median()):.2f} by the rule p {rule} 0.5"
            for rule, name in ((">", "accuracy"), (">=", "accuracy_at_least"))
        ]
    return {"shares": shares, "rules": rules}
