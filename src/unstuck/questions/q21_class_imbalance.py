"""How do you handle imbalanced classes?

## Answer
Choose the metric first (average precision, balanced accuracy or cost), then move the
decision threshold on validation data. Class weights and resampling mostly move the
threshold too: trained to convergence they rarely rank better, and they break the
probabilities. A logistic regression on noisy digits, 2.7 % of them positive, ranked no
better with balancing weights (AUC 2 points lower); the plain one, its threshold at the
class share, had 7 points more balanced accuracy than the weighted one at 0.5. Weights
made the Brier score 2.6 times as large; multiplying the odds by p / (1 - p), p being
the class share, undid most of it. After 300 steps of Adam the weighted model ranked 13
points better, but it had just trained faster. Under-sampling had the worst Brier score
by far. Accuracy misleads: the plain model had 0.97 and found 10 % of the positives.
Stratify the split, resample only training data, collect more of the rare class.

## Popular claims
- "use class weights": incomplete. They equal duplicating examples, shift the threshold
  and break calibration; correct the probabilities afterwards.
- "use over- or under-sampling": incomplete. The same holds, and under-sampling also
  throws data away.
- "it is next to impossible to have balanced real data": wrong. Overstated: MNIST, CIFAR
  and designed studies are balanced or nearly so. Overlap and few rare examples hurt
  more than imbalance itself: without noise the same few digits ranked 13 points higher.

## Watch for it
Accuracy close to the majority share, recall 0 for a class, weights and a sampler used
together, resampling before the split. Ranking-only use of the scores needs no change.

## Remedy
In this order: metric, threshold on validation data, weights with corrected
probabilities, more rare examples. The chosen metric must rise and the Brier score not
worsen.

## Sources
- Elkan 2001, *The Foundations of Cost-Sensitive Learning*
- Japkowicz & Stephen 2002, *The class imbalance problem: A systematic study*
- Lin et al. 2017, *Focal Loss for Dense Object Detection*
- Byrd & Lipton 2019, *What is the Effect of Importance Weighting in Deep Learning?*
- van den Goorbergh et al. 2022, *The harm of class imbalance corrections for risk
  prediction models*
- Elor & Averbuch-Elor 2022, *To SMOTE, or not to SMOTE?*
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._arms import compared
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Adam, Stack

RARE = 8
"""The digit to be found."""

POSITIVES, NEGATIVES = 25, 905
SHARE = POSITIVES / (POSITIVES + NEGATIVES)
NOISE = 0.35
"""Deviation on every pixel: without it even so few examples tell an 8 from the rest."""

RIDGE = 1e-3
NEWTON = 30
SHORT, RATE = 300, 0.01
MLP = (64, 16, 1)

ARMS = ("plain", "weighted", "under-sampled")
CORRECTED = "weighted, then corrected"
EDGES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.75)
"""Bins of the predicted probability in the picture."""

REPLAYS = ("weigh-classes",)

PREDICTIONS = (
    Prediction(
        "weight 36 on the rare class against 36 copies of its examples: largest difference of "
        "gradients, relative",
        "weight_is_copies", high=1e-9, claim=1,
    ),
    Prediction(
        "trained to convergence: AUC with class weights less that without",
        "auc_weighted", high=0.03, claim=1,
    ),
    Prediction(
        "balanced accuracy of the weighted model at 0.5 less that of the plain one at the class share",
        "threshold_instead", high=0.03, claim=1,
    ),
    Prediction("Brier score with class weights over that without", "brier_weighted", low=1.25, claim=1),
    Prediction(
        "the same after dividing the odds by what the weights multiplied them with",
        "brier_corrected", high=1.4, claim=1,
    ),
    Prediction("Brier score after under-sampling over that without", "brier_under", low=2, claim=2),
    Prediction("AUC after under-sampling less that without", "auc_under", high=0.05, claim=2),
    Prediction(
        "scikit-learn's digits: images of the rarest class over those of the commonest",
        "digits_balance", low=0.9, claim=3,
    ),
    Prediction(
        "as many rare examples and as rare, but pixels without noise: AUC gained",
        "auc_without_noise", low=0.02, claim=3,
    ),
    Prediction("plain model at 0.5: accuracy", "accuracy", low=0.95, share=True),
    Prediction(
        "plain model at 0.5: share of the rare class that it finds",
        "recall", high=0.25, share=True,
    ),
    Prediction(
        "after only 300 steps of Adam: AUC with class weights less that without",
        "auc_short", low=0,
    ),
    Prediction(
        "two-layer net, 300 steps: Brier score after under-sampling over that without",
        "mlp_brier_under", low=2,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """Images and 0 or 1 of each seed: ``x`` (seeds, rows, 64), ``y`` (seeds, rows).

    Positives come first in training. The test has their share as well.
    """

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor


def experiment(lab: Lab) -> Measured:
    """Find the digit 8 where it is 2.7 % of noisy digits: plain, with class weights, under-sampled."""
    task = rare_digit(lab.seeds, NOISE)
    weights = torch.stack([arm_weights(task.y, arm, lab.seeds) for arm in ARMS])
    lab.say("linear models", 0)
    scores = converged(task, weights)
    clean = rare_digit(lab.seeds, 0.0)
    plain, weighted, under = scores
    corrected = weighted + log_odds(SHARE)
    net = Stack(MLP, lab.seeds, arms=len(ARMS))
    mlp = _short(net, task, weights, lab, "two-layer nets")
    short = _short(Stack((64, 1), lab.seeds, arms=2), task, weights[:2], lab, "linear models")
    y = task.test_y
    numbers = {
        "weight_is_copies": _weight_is_copies(task),
        "auc_weighted": auc(weighted, y) - auc(plain, y),
        "threshold_instead": balanced(weighted, y) - balanced(plain, y, SHARE),
        "brier_weighted": brier(weighted, y) / brier(plain, y),
        "brier_corrected": brier(corrected, y) / brier(plain, y),
        "brier_under": brier(under, y) / brier(plain, y),
        "auc_under": auc(under, y) - auc(plain, y),
        "digits_balance": torch.full((len(lab.seeds),), _digits_balance()),
        "auc_without_noise": auc(converged(clean, weights[:1])[0], clean.test_y) - auc(plain, y),
        "accuracy": ((plain > 0) == (y > 0)).double().mean(1),
        "recall": recall(plain, y),
        "auc_short": auc(short[1], y) - auc(short[0], y),
        "mlp_brier_under": brier(mlp[2], y) / brier(mlp[0], y),
        "auc_plain": auc(plain, y),
        "auc_plain_short": auc(short[0], y),
        "balanced_plain_at_half": balanced(plain, y),
        "balanced_plain_at_share": balanced(plain, y, SHARE),
        "balanced_weighted_at_half": balanced(weighted, y),
        "brier_plain": brier(plain, y),
    }
    curves = [(ARMS[0], plain), (ARMS[1], weighted), (CORRECTED, corrected), (ARMS[2], under)]
    rows = [row for name, logits in curves for row in _reliability(name, logits, y)]
    return Measured({name: each.tolist() for name, each in numbers.items()}, {"reliability": rows})


def picture(series: dict[str, Any]) -> Any:
    """Which share of the cases is positive, against what the models say."""
    import altair as alt

    from unstuck.charts import LINE, MARK, OTHER, SERIES, TEXT, rows

    names = [ARMS[0], ARMS[1], CORRECTED, ARMS[2]]
    base = alt.Chart(rows(series["reliability"])).encode(
        x=alt.X("said:Q", title="predicted probability", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("seen:Q", title="share of 8s among them", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color(
            "arm:N",
            title=None,
            scale=alt.Scale(domain=names, range=[MARK, OTHER, LINE, SERIES[3]]),
            legend=alt.Legend(labelLimit=200),
        ),
    )
    ends = [{"said": 0, "seen": 0}, {"said": 1, "seen": 1}]
    honest = alt.Chart(rows(ends)).mark_line(color=TEXT, strokeDash=[4, 4], strokeWidth=1)
    return (
        honest.encode(x="said:Q", y="seen:Q")
        + base.mark_line(strokeWidth=2)
        + base.mark_point(size=36).encode(shape=alt.Shape("arm:N", sort=names, legend=None))
    ).properties(width=480, height=300)


def on(facts: Any) -> Iterator[str]:
    """How rare the rarest class of the person's targets is, how much of it is found, what is done."""
    weighted = False
    for target in facts.targets or ():
        counts = target["counts"]
        weighted = weighted or target["weighted"]
        seen = [count for count in counts if count]
        if target["kind"] in ("classes", "one-hot", "binary") and len(seen) > 1:
            rare, most = counts.index(min(seen)), counts.index(max(seen))
            yield (
                f"class {rare} is the rarest: {min(seen)} of {sum(seen)} targets of "
                f"{target['function']}, {max(seen) / min(seen):.1f} times fewer than class {most}"
            )
    for source in facts.predictions or ():
        yield from _found(source)
    sampled = any(
        loader["sampler"] == "WeightedRandomSampler" and loader["trains"]
        for loader in (facts.data or {}).get("loaders", ())
    )
    if weighted or sampled:
        ways = [way for way, used in (("loss", weighted), ("sampler", sampled)) if used]
        twice = ": the correction is made twice" if weighted and sampled else ""
        yield f"classes are weighted by the {' and the '.join(ways)}{twice}"
    yield from compared(facts, {"weigh-classes": "with weighted classes"})


def _found(source: Any) -> Iterator[str]:
    there = [place for place, count in enumerate(source["counts"]) if count]
    if len(there) < 2:
        return
    rare = min(there, key=lambda place: source["counts"][place])
    right, samples = sum(source["hits"]), sum(source["counts"])
    yield (
        f"{source['hits'][rare]} of {source['counts'][rare]} samples of class {rare} are found in "
        f"{source['source']} at step {source['step']}, while the accuracy is {right / samples:.3f}"
    )


def rare_digit(seeds: Sequence[int], noise: float) -> Task:
    """25 eights and 905 other digits to train on; all other eights, and others in the same ratio."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    eights, others = (np.flatnonzero(each) for each in (bunch.target == RARE, bunch.target != RARE))
    tested = len(eights) - POSITIVES
    parts: list[list[Tensor]] = [[], [], [], []]
    for seed in seeds:
        draw = np.random.default_rng(seed)
        rare, rest = draw.permutation(eights), draw.permutation(others)
        again = draw.choice(rest[NEGATIVES:], round(tested * NEGATIVES / POSITIVES))
        train = np.concatenate([rare[:POSITIVES], rest[:NEGATIVES]])
        test = np.concatenate([rare[POSITIVES:], again])
        for place, rows in ((0, train), (2, test)):
            x = bunch.data[rows] / 16 + noise * draw.standard_normal((len(rows), 64))
            parts[place].append(torch.tensor(x))
            parts[place + 1].append(torch.tensor(bunch.target[rows] == RARE).double())
    return Task(*map(torch.stack, parts))


def arm_weights(y: Tensor, arm: str, seeds: Sequence[int]) -> Tensor:
    """The weight of every row (seeds, rows), 1 on average; a row that is left out has none."""
    weights = torch.ones_like(y)
    if arm == "weighted":
        weights = 0.5 / SHARE * y + 0.5 / (1 - SHARE) * (1 - y)
    if arm == "under-sampled":
        weights = (y > 0).double()
        for row, seed in zip(weights, seeds, strict=True):
            draw = torch.Generator().manual_seed(seed)
            row[POSITIVES + torch.randperm(NEGATIVES, generator=draw)[:POSITIVES]] = 1
        weights = weights / weights.mean(1, keepdim=True)
    return weights


def converged(task: Task, weights: Tensor) -> Tensor:
    """Test logits (arms, seeds, rows) of logistic regression with a small ridge, by Newton's method."""
    arms, seeds, _ = weights.shape
    x, test_x = (F.pad(each, (0, 1), value=1.0) for each in (task.x, task.test_x))
    ridge = RIDGE * torch.eye(x.shape[2], dtype=x.dtype)
    ridge[-1, -1] = 0  # the bias is free
    x, share = x.repeat(arms, 1, 1), weights.flatten(0, 1) / weights.shape[2]
    y, beta = task.y.repeat(arms, 1), torch.zeros(arms * seeds, x.shape[2], 1, dtype=x.dtype)
    for _ in range(NEWTON):
        said = torch.sigmoid((x @ beta).squeeze(2))
        slope = x.mT @ (share * (said - y)).unsqueeze(2) + ridge @ beta
        bend = x.mT @ ((share * said * (1 - said)).unsqueeze(2) * x) + ridge
        beta = beta - torch.linalg.solve(bend, slope)
    return (test_x.repeat(arms, 1, 1) @ beta).view(arms, seeds, -1)


def _short(net: Stack, task: Task, weights: Tensor, lab: Lab, doing: str) -> Tensor:
    """Test logits (arms, seeds, rows) after a few steps of Adam on all rows."""
    adam, x = Adam(net, RATE), task.x.float()
    y, rows = task.y.repeat(len(weights), 1).float(), weights.flatten(0, 1).float()
    for _ in lab.track(range(SHORT), f"{doing}, {SHORT} steps"):
        losses = F.binary_cross_entropy_with_logits(net(x).squeeze(2), y, rows, reduction="none")
        adam.step(losses.mean(1))
    with torch.no_grad():
        return (
            net(task.test_x.float())
            .squeeze(2)
            .double()
            .view(len(weights), len(y) // len(weights), -1)
        )


def log_odds(share: float) -> float:
    """Of a probability."""
    return float(np.log(share / (1 - share)))


def auc(logits: Tensor, y: Tensor) -> Tensor:
    """Of each seed: how often a positive scores above a negative; scores that tie are not expected."""
    ranks = logits.argsort(1).argsort(1).double() + 1
    positives = y.sum(1)
    above = (ranks * y).sum(1) - positives * (positives + 1) / 2
    return above / (positives * (y.shape[1] - positives))


def recall(logits: Tensor, y: Tensor, threshold: float = 0.5) -> Tensor:
    """Share of the positives whose probability is above the threshold."""
    return ((logits > log_odds(threshold)) * y).sum(1) / y.sum(1)


def balanced(logits: Tensor, y: Tensor, threshold: float = 0.5) -> Tensor:
    """The mean of the recalls of both classes."""
    return (recall(logits, y, threshold) + recall(-logits, 1 - y, 1 - threshold)) / 2


def brier(logits: Tensor, y: Tensor) -> Tensor:
    """The mean square of probability less truth."""
    return (torch.sigmoid(logits) - y).square().mean(1)


def _weight_is_copies(task: Task) -> Tensor:
    """At random weights: how far the two gradients are apart, as a part of the larger one."""
    times, found = round(NEGATIVES / POSITIVES), []
    for x, y in zip(task.x, task.y, strict=True):
        beta = torch.linspace(-1, 1, 64, dtype=x.dtype, requires_grad=True)
        weights = torch.where(y > 0, float(times), 1.0)
        copies = torch.cat([x[:POSITIVES].repeat(times, 1), x[POSITIVES:]])
        truth = torch.cat([y[:POSITIVES].repeat(times), y[POSITIVES:]])
        loss = F.binary_cross_entropy_with_logits(x @ beta, y, weights, reduction="sum")
        other = F.binary_cross_entropy_with_logits(copies @ beta, truth, reduction="sum")
        one, two = (torch.autograd.grad(each, beta)[0] for each in (loss, other))
        found.append((one - two).abs().max() / one.abs().max())
    return torch.stack(found)


def _digits_balance() -> float:
    from sklearn.datasets import load_digits

    counts = np.bincount(load_digits().target)
    return float(counts.min() / counts.max())


def _reliability(name: str, logits: Tensor, y: Tensor) -> list[dict[str, Any]]:
    """In bins of the predicted probability, all seeds together: what was said and what was so."""
    said = torch.sigmoid(logits)
    bins: list[dict[str, Any]] = []
    edges = (0.0, *EDGES, 1.0)
    for low, high in pairwise(edges):
        inside = (said >= low) & (said < high)
        if inside.sum() >= 100:
            bins.append({"arm": name, "said": said[inside].mean(), "seen": y[inside].mean()})
    return [
        {
            name: each if isinstance(each, str) else round(float(each), 4)
            for name, each in row.items()
        }
        for row in bins
    ]
