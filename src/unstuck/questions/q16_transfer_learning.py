"""What is transfer learning?

## Answer
Using what was learned on one task or data set to do better on another. The usual form
in deep learning is to start from pre-trained weights; domain adaptation and reuse of
source examples also count. It pays when the source is related and target data are few;
the gain can be zero or negative. A small convolutional net, pre-trained on the digits 0
to 4 at random places and with noise, learned 5 to 9 from 5 images a class by 9 points
better than from scratch. With 100 a class the gain was smaller, in single runs gone,
and with frozen convolutions the net was 12 points worse than from scratch. Pre-trained
on random labels it was no better even with 5 images: weights merely trained are not
enough. Nor is a related source: a fully connected net on the same digits, centred and
clean, gained nothing; it reached 0.91 from 5 images a class without it.

## Popular claims
- "features and weights of one task are reused for another": right. Though the term also
  covers domain adaptation and reuse of data.
- "works well when data are limited": only if the source is related and the target needs
  more than its own data teach; the gain can be zero or negative.
- "without learning everything from scratch": only if the labels stay the same; with new
  labels at least the output layer starts from scratch.

## Watch for it
A run from scratch at the same budget is as good. Or a linear probe on your backbone is
no better than on a randomly initialised one. Check that input normalisation matches.

## Remedy
Choose the source by its probe score and fine-tune, or drop pre-training. Keep it only
if the paired gain exceeds the standard deviation over seeds.

## Sources
- Pan & Yang 2010, *A Survey on Transfer Learning*
- Yosinski et al. 2014, *How transferable are features in deep neural networks?*
- He, Girshick & Dollar 2019, *Rethinking ImageNet Pre-training*
- Wang et al. 2019, *Characterizing and Avoiding Negative Transfer*
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from unstuck.questions._arms import compared
from unstuck.questions._convs import Convs
from unstuck.questions._data import Data, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Adam, Batches, Stack, accuracy, cross_entropy
from unstuck.questions._transfer import (
    BATCH,
    CLASSES,
    RATE,
    WIDTHS,
    both,
    few,
    frozen_accuracy,
    halves,
    on_canvas,
    pre_trained,
    rounds,
    started,
    train_head,
    tune,
)

FEW, MANY = 5, 100
"""Images a class of the target."""

STEPS = {FEW: 120, MANY: 280}
"""Longer gains nothing from scratch: what is compared is where the net gets, not how fast."""

DRAWS = 2
"""Sets of few images, each of which teaches something else: their mean is told."""

SOURCE = 150
"""Images a class of the source."""

MLP = (64, 128, CLASSES)
MLP_EPOCHS = 15

WAYS = (
    "from scratch",
    "pre-trained on 0-4, all trained",
    "pre-trained on 0-4, frozen",
    "pre-trained on random labels, all trained",
)

REPLAYS = ("fresh-start",)

PREDICTIONS = (
    Prediction(
        "frozen convolutions pre-trained on digits 0-4, 5 images a class: accuracy less that "
        "with untrained ones",
        "frozen_gain", low=0, claim=1,
    ),
    Prediction(
        "5 images a class, pre-trained on digits 0-4: accuracy less that from scratch",
        "gain_few", low=0, claim=2,
    ),
    Prediction(
        "100 images a class, frozen convolutions: accuracy less that from scratch",
        "frozen_many", high=0, claim=2,
    ),
    Prediction(
        "5 images a class, pre-trained on random labels: accuracy less that from scratch",
        "random_gain", high=0.05, claim=2,
    ),
    Prediction(
        "fully connected net, centred digits, 5 images a class: accuracy less that from scratch",
        "mlp_gain", high=0.05, claim=2,
    ),
    Prediction(
        "new labels: accuracy of the old head, its outputs named after the new classes that fit best",
        "old_head", high=0.6, claim=3, share=True,
    ),
    Prediction(
        "the same labels: accuracy of the old head on digits it has not seen",
        "old_head_same_labels", low=0.85, claim=3, share=True,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Digits 5 to 9 with and without pre-training on 0 to 4, at random places and with noise."""
    source, target = halves(lab.seeds, SOURCE)[0], halves(lab.seeds, MANY)[1]
    sources = both(source, _random_labels(source, lab.seeds))
    trained = pre_trained(sources, lab.seeds * 2, lab, "two nets on digits 0 to 4")
    seeds = len(lab.seeds)
    starts = [Convs(WIDTHS, lab.seeds).body]
    starts += [[each[part] for each in trained.body] for part in (slice(seeds), slice(seeds, None))]
    seen = on_canvas(target, lab.seeds)
    tuned, frozen = _tuned(starts, seen, lab), _frozen(starts, seen, lab)
    mlp = _mlp(source, target, lab)
    numbers = {
        "frozen_gain": frozen[FEW][1] - frozen[FEW][0],
        "gain_few": tuned[FEW][1] - tuned[FEW][0],
        "gain_many": tuned[MANY][1] - tuned[MANY][0],
        "frozen_many": frozen[MANY][1] - tuned[MANY][0],
        "random_gain": tuned[FEW][2] - tuned[FEW][0],
        "mlp_gain": mlp[1] - mlp[0],
        "mlp_from_scratch": mlp[0],
        "old_head": _renamed(trained, seen),
        "old_head_same_labels": _unseen(trained, on_canvas(source, lab.seeds)),
    }
    listed = {name: each.tolist() for name, each in numbers.items()}
    return Measured(listed, {"accuracy": _rows(tuned, frozen)})


def picture(series: dict[str, Any]) -> Any:
    """Accuracy on the target of every way to start, with few images and with many."""
    import altair as alt

    from unstuck.charts import LINE, MARK, OTHER, SERIES, rows

    y = alt.Y("start:N", title=None, sort=list(WAYS), axis=alt.Axis(labelLimit=300))
    colors = alt.Scale(domain=list(WAYS), range=[MARK, LINE, SERIES[2], OTHER])
    base = alt.Chart(rows(series["accuracy"])).encode(
        y=y, color=alt.Color("start:N", scale=colors, legend=None)
    )
    x = alt.X("accuracy:Q", title="accuracy on the digits 5 to 9", scale=alt.Scale(domain=[0.2, 1]))
    points = base.mark_point(size=44, strokeWidth=1.5).encode(x=x)
    means = base.mark_tick(thickness=3, size=18).encode(x=alt.X("mean(accuracy):Q"))
    return (
        (points + means)
        .properties(width=340, height=112)
        .facet(row=alt.Row("images:N", sort=[f"{FEW} images a class", f"{MANY} images a class"]))
        .resolve_scale(y="independent")
    )


def on(facts: Any) -> Iterator[str]:
    """How much of the person's net is reused as it is, and whether a fresh start does as well."""
    for model in facts.modes or ():
        if 0 < model["trainable"] < model["numel"]:
            still = model["numel"] - model["trainable"]
            yield (
                f"{still} of {model['numel']} weights of {model['model']} are frozen: "
                "their features are reused as they are"
            )
    yield from compared(facts, {"fresh-start": "from fresh weights"})


def _random_labels(data: Data, seeds: Sequence[int]) -> Data:
    """The same images, whose labels change places: nothing about the images is left in them."""
    draws = draws_of(seeds, 5000)
    pairs = zip(data.y, draws, strict=True)
    shuffled = [y[torch.randperm(len(y), generator=draw)] for y, draw in pairs]
    return Data(data.x, torch.stack(shuffled), data.test_x, data.test_y)


Scores = dict[int, Tensor]


def _tuned(starts: Sequence[Sequence[Tensor]], target: Data, lab: Lab) -> Scores:
    """Accuracy (arms, seeds) of nets that are wholly trained; of random labels with few images only."""
    net = started(starts[:2], lab.seeds)
    tune(net, target, lab, f"digits 5 to 9, {MANY} images a class", STEPS[MANY])
    tries = []
    for draw in range(DRAWS):
        few_net, data = started(starts, lab.seeds), few(target, FEW, FEW * draw)
        tune(few_net, data, lab, f"digits 5 to 9, {FEW} images a class", STEPS[FEW])
        tries.append(accuracy(few_net, data.test_x, data.test_y))
    return {FEW: torch.stack(tries).mean(0), MANY: accuracy(net, target.test_x, target.test_y)}


def _frozen(starts: Sequence[Sequence[Tensor]], target: Data, lab: Lab) -> Scores:
    """Accuracy (arms, seeds) where only the head is trained."""
    net = started(starts[:2], lab.seeds)
    parts = {FEW: few(target, FEW), MANY: target}
    return {n: frozen_accuracy(net, train_head(net, data), data) for n, data in parts.items()}


def _mlp(source: Data, target: Data, lab: Lab) -> Tensor:
    """The hard case, a net and images for which 5 a class teach most: accuracy (scratch or not, seeds)."""
    old = Stack(MLP, lab.seeds)
    adam = Adam(old, RATE)
    for x, y in Batches(source, BATCH, MLP_EPOCHS, lab.seeds):
        adam.step(cross_entropy(old(x.flatten(2)), y))
    net, data = Stack(MLP, lab.seeds, arms=2), few(target, FEW)
    for own, given in ((net.weights[0], old.weights[0]), (net.biases[0], old.biases[0])):
        net.arm(own, 1).copy_(given.detach())
    adam = Adam(net, RATE)
    for x, y in rounds(data, lab.seeds, STEPS[FEW]):
        adam.step(cross_entropy(net(x.flatten(2)), y))
    return accuracy(net, data.test_x.flatten(2), data.test_y)


def _answers(trained: Convs, x: Tensor) -> Tensor:
    """What the nets of the true labels say."""
    with torch.no_grad():
        return trained(x.repeat(2, 1, 1, 1))[: len(x)].argmax(2)


def _unseen(trained: Convs, source: Data) -> Tensor:
    return (_answers(trained, source.test_x) == source.test_y).float().mean(1)


def _renamed(trained: Convs, target: Data) -> Tensor:
    """Accuracy of the old head if each output is read as the new class that suits best."""
    names = torch.tensor(list(permutations(range(CLASSES))))
    pairs = zip(_answers(trained, target.test_x), target.test_y, strict=True)
    return torch.stack([(names[:, said] == y).float().mean(1).max() for said, y in pairs])


def _rows(tuned: Scores, frozen: Scores) -> list[dict[str, Any]]:
    """One row a point of the picture."""
    listed = []
    for number in (FEW, MANY):
        ways = [*tuned[number][:2], frozen[number][1], *tuned[number][2:]]
        for way, scores in zip(WAYS, ways, strict=False):
            listed += [
                {"start": way, "images": f"{number} images a class", "accuracy": round(score, 4)}
                for score in scores.tolist()
            ]
    return listed
