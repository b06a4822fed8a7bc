"""Accuracy drops after some epochs of training: what is it and what to do?

## Answer
First ask which accuracy, and look at training and validation together. Validation falls
while training rises: overfitting, or a fault in eval mode or in the validation data.
Both fall: an optimisation problem, such as a rate that is too high or a schedule
restart, or a fault in the data. Validation loss rises but accuracy holds:
over-confidence. On 300 noisy digits, 40 % wrong labels cost 12 points of test accuracy
after the epoch best in validation, while training rose by 39; patience (on clean
validation labels) won them back; dropout slowed the fall but did not end it. With clean
labels and ten times the rate, test fell 29 points from its best, training 33; patience
left it 36 below the usual rate. With clean labels at the usual rate accuracy held, but
test loss rose by 13 %; dividing the logits by one temperature lowered it by 19 %. A
fall may be temporary (double descent; not shown).

## Popular claims
- "a drop means overfitting": only if training accuracy keeps rising. If both fall, look
  at the learning rate, the data and train/eval mode.
- "it learns the characteristics of the dataset, not the features": incomplete. More
  exactly, it fits noise in single samples: of the wrong labels it repeated 22 % at its
  best epoch and all at the end.
- "stop the moment accuracy drops": wrong. Early stopping helps, but on validation data,
  with patience and the best weights restored: 72 % of the nets later passed the best
  before their first drop. It does not repair a rate that is too high.
- "dropout drops nodes so the rest have varying weights": wrong. Units are zeroed at
  random per example in training; PyTorch multiplies the rest by 1 / (1 - p), the paper
  scales the weights at test time instead.

## Watch for it
Smooth both curves. A fall counts if above 2 standard deviations of the last 5 epochs
and above sqrt(p(1-p)/n) (rough). Small validation sets and augmentation mislead.

## Remedy
Overfitting: early stop and restore, dropout, weight decay, check labels. Both fall:
divide the learning rate by 3 to 10. Over-confidence: temperature scaling. Re-run with
the same seeds.

## Sources
- Prechelt 1998, *Early Stopping - But When?*
- Srivastava et al. 2014, *Dropout: A Simple Way to Prevent Neural Networks from
  Overfitting*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapter 7
- Zhang et al. 2017, *Understanding deep learning requires rethinking generalization*
- Guo et al. 2017, *On Calibration of Modern Neural Networks*
- Nakkiran et al. 2019, *Deep Double Descent: Where Bigger Models and More Data Hurt*
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn

from unstuck.questions._data import Data, digits, draws_of
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._run import missing
from unstuck.questions._stack import Batches, Sgd, Stack, cross_entropy, per_arm
from unstuck.records.series import finite, median

Pairs = Sequence[tuple[float, float]]

WIDTHS = (64, 64, 10)
TRAIN, VALIDATION, BATCH, EPOCHS = 300, 300, 30, 35
NOISE, WRONG = 0.25, 0.4
"""Deviation added to pixels in [0, 1], and share of the training labels that are wrong."""

MOMENTUM, RATE, TIMES = 0.9, 0.1, 10
ARMS = ("wrong labels", "wrong labels, dropout", "clean labels", "rate too high")
LABELS, DROPOUT, CLEAN, HIGH = range(len(ARMS))

NETS = 5
"""Of one seed, each with its own images: their mean scatters less."""

PATIENCE, LAST = 5, 5
"""Epochs without a new best that are waited for, and epochs whose mean is the end of a curve."""

PREDICTIONS = (
    Prediction(
        "40 % wrong labels: test accuracy at the epoch best in validation less that at the end",
        "labels_fall", low=0.03, claim=1,
    ),
    Prediction(
        "the same: accuracy on the training labels at the end less that at this epoch",
        "labels_training_rise", low=0.15, claim=1,
    ),
    Prediction(
        "rate 10 times too high: test accuracy at the epoch best in validation less that at the end",
        "rate_fall", low=0.05, claim=1,
    ),
    Prediction(
        "the same: training accuracy at this epoch less that at the end",
        "rate_training_fall", low=0.05, claim=1,
    ),
    Prediction(
        "clean labels: test accuracy at the epoch best in validation less that at the end",
        "clean_fall", -0.02, 0.02, claim=1,
    ),
    Prediction(
        "clean labels: test loss at the end over that at the epoch of the lowest validation loss",
        "clean_loss_rise", low=1.03, claim=1,
    ),
    Prediction(
        "40 % wrong labels: share of them that the net repeats at the epoch best in validation",
        "repeated_at_best", high=0.5, claim=2, share=True,
    ),
    Prediction("the same at the end", "repeated_at_end", low=0.95, claim=2, share=True),
    Prediction(
        "the three arms with a good rate: share of nets whose validation accuracy later passes "
        "the best before its first drop",
        "early_first_drops", low=0.4, claim=3, share=True,
    ),
    Prediction(
        "40 % wrong labels: test accuracy of stopping with patience less that at the end",
        "patience_gain", low=0.03, claim=3,
    ),
    Prediction(
        "rate too high, stopped with patience: test accuracy less that of a tenth of the rate at its "
        "end",
        "high_not_repaired", high=-0.1, claim=3,
    ),
    Prediction(
        "dropout layer in training: different patterns of zeroed units, as a share of the examples",
        "patterns", 1, 1, claim=4,
    ),
    Prediction(
        "the same: what a kept output is multiplied by; largest distance from 2",
        "kept_scale", 0, 0, claim=4,
    ),
    Prediction(
        "40 % wrong labels: test accuracy at the end with dropout less that without",
        "dropout_gain", low=0, claim=4,
    ),
    Prediction("40 % wrong labels, dropout: fall of the test accuracy", "dropout_fall", low=0),
    Prediction(
        "clean labels: test loss at the end with the temperature that validation prefers, over that "
        "without",
        "tempered", high=0.98,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Curves:
    """At the end of each epoch (epochs, arms, nets).

    ``training``: accuracy on the labels that were given. ``repeated``: share of wrong labels that
    the net predicts, also where it was given the right ones.
    """

    training: Tensor
    validation: Tensor
    test: Tensor
    repeated: Tensor
    validation_loss: Tensor
    test_loss: Tensor


def experiment(lab: Lab) -> Measured:
    """Noisy digits, 64-64-10, momentum: wrong labels with and without dropout, clean ones, two rates."""
    starts = [NETS * seed + net for seed in lab.seeds for net in range(NETS)]
    torch.manual_seed(lab.seeds[0])  # of dropout
    curves, tempered = _train(lab, starts)
    found = _judge(curves) | {"tempered": tempered / curves.test_loss[-1, CLEAN]}
    numbers = {name: each.view(-1, NETS).mean(1).tolist() for name, each in found.items()}
    facts = [_facts_of_dropout(seed) for seed in lab.seeds]
    numbers |= {name: [each[name] for each in facts] for name in facts[0]}
    return Measured(numbers, {arm: _means(curves, at) for at, arm in enumerate(ARMS)})


def picture(series: dict[str, Any]) -> Any:
    """Training and validation accuracy of every arm: validation falls for two reasons."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, rows

    names = ["training", "validation"]
    scale = alt.Scale(domain=names, range=[OTHER, LINE])
    dashes = alt.StrokeDash("data:N", title=None, scale=alt.Scale(domain=names, range=[[5, 3], []]))
    panels, ticks = [], [1, *range(10, EPOCHS, 10)]
    for arm in ARMS:
        values = [
            {"data": name, "epoch": epoch, "accuracy": each}
            for name in names
            for epoch, each in enumerate(series[arm][name], start=1)
        ]
        panels.append(
            alt.Chart(rows(values))
            .mark_line(strokeWidth=2, aria=False)
            .encode(
                x=alt.X(
                    "epoch:Q", scale=alt.Scale(domain=[1, EPOCHS]), axis=alt.Axis(values=ticks)
                ),
                y=alt.Y("accuracy:Q", scale=alt.Scale(domain=[0, 1]), title="accuracy"),
                color=alt.Color("data:N", title=None, scale=scale),
                strokeDash=dashes,
            )
            .properties(width=225, height=150, title=alt.Title(arm, subtitle=_after(series[arm])))
        )
    return alt.vconcat(alt.hconcat(*panels[:2]), alt.hconcat(*panels[2:]))


def on(facts: Any) -> Iterator[str]:
    """What validation did since its best evaluation, and the training loss meanwhile."""
    if facts.validation is None:
        yield from missing(facts, "validation", "validation was")
        return
    training = finite(facts.loss["values"]) if facts.loss else []
    for curve in facts.validation["curves"]:
        losses, scores = finite(curve["values"]), finite(curve["accuracy"])
        if len(scores) > 1:
            yield _of_accuracy(scores, curve["rows"])
        if len(losses) > 1:
            yield _of_loss(losses, training)


def _of_accuracy(scores: Pairs, rows: int) -> str:
    at, best = max(scores, key=lambda pair: pair[1])
    end, last = scores[-1]
    error = (best * (1 - best) / max(1, rows)) ** 0.5
    return (
        f"validation accuracy was highest at step {at:.0f} ({best:.3f}), and {last:.3f} at step "
        f"{end:.0f}; the standard error of such a number on {rows} examples is {error:.2g}"
    )


def _of_loss(losses: Pairs, training: Pairs) -> str:
    at, least = min(losses, key=lambda pair: pair[1])
    end, last = losses[-1]
    text = f"the validation loss was lowest at step {at:.0f} ({least:.3g}), and {last:.3g} at step "
    text += f"{end:.0f}, the last of {len(losses)} evaluations"
    if not training or at == end:
        return text
    then, now = _around(training, at), _around(training, end)
    return f"{text}; the training loss went from {then:.3g} to {now:.3g} meanwhile"


def _around(pairs: Pairs, step: float) -> float:
    """The median of the nine values nearest to a step; of fewer in a short run, which moves fast."""
    count = max(3, min(9, len(pairs) // 10))
    nearest = sorted(pairs, key=lambda pair: abs(pair[0] - step))[:count]
    return median([value for _, value in nearest])


def _images(starts: Sequence[int]) -> tuple[Data, Data]:
    """Of each net the digits to train on, and others to validate; every pixel has noise.

    Of the former ``y`` is (nets, rows, 2): the right label, and the one that may be wrong.
    """
    data = digits(starts)
    x, test_x = _noisy(data.x, starts, 2000), _noisy(data.test_x, starts, 3000)
    right = data.y[:, :TRAIN]
    pairs = zip(right, draws_of(starts, 4000), strict=True)
    given = torch.stack([spoiled(y, draw) for y, draw in pairs])
    held = slice(TRAIN, TRAIN + VALIDATION)
    return (
        Data(x[:, :TRAIN], torch.stack([right, given], 2), test_x, data.test_y),
        Data(x[:, held], data.y[:, held], test_x, data.test_y),
    )


def _noisy(x: Tensor, starts: Sequence[int], first: int) -> Tensor:
    pairs = zip(x, draws_of(starts, first), strict=True)
    return torch.stack(
        [each + NOISE * torch.randn(each.shape, generator=draw) for each, draw in pairs]
    )


def spoiled(y: Tensor, draw: torch.Generator) -> Tensor:
    """The labels, a share ``WRONG`` of them replaced by another digit."""
    other = (y + torch.randint(1, 10, y.shape, generator=draw)) % 10
    return torch.where(torch.rand(y.shape, generator=draw) < WRONG, other, y)


class Units:
    """ReLU, in training with dropout in its arm."""

    training = True

    def __call__(self, x: Tensor) -> Tensor:
        """Half of the units of that arm are zeroed, others in every example."""
        parts = list(torch.relu(x).chunk(len(ARMS)))
        parts[DROPOUT] = F.dropout(parts[DROPOUT], 0.5, self.training)
        return torch.cat(parts)


def _train(lab: Lab, starts: Sequence[int]) -> tuple[Curves, Tensor]:
    """The curves, and the last test loss of clean labels at the temperature that validation prefers."""
    data, held = _images(starts)
    units = Units()
    net = Stack(WIDTHS, starts, len(ARMS), units)
    rates = [RATE * (TIMES if arm == HIGH else 1) for arm in range(len(ARMS))]
    sgd = Sgd(net, per_arm(rates, starts), MOMENTUM)
    looks = []
    for step, (x, y) in enumerate(lab.track(Batches(data, BATCH, EPOCHS, starts), "four arms"), 1):
        units.training = True
        sgd.step(cross_entropy(net(x), _given(y)))
        units.training = False
        if step % (TRAIN // BATCH) == 0:
            looks.append(_look(net, data, held))
    with torch.no_grad():
        seen, tested = (net(x).chunk(len(ARMS))[CLEAN] for x in (held.x, held.test_x))
    tempered = tested / temperature(seen, held.y)[:, None, None]
    curves = Curves(*(torch.stack(each) for each in zip(*looks, strict=True)))
    return curves, cross_entropy(tempered, held.test_y)


def _given(y: Tensor) -> Tensor:
    """Labels of all nets in their order: each arm is given the right or the spoiled ones."""
    right, given = y.unbind(2)
    return torch.cat([given if arm in (LABELS, DROPOUT) else right for arm in range(len(ARMS))])


def _look(net: Stack, data: Data, held: Data) -> list[Tensor]:
    """What ``Curves`` keeps, (arms, nets)."""
    right, given = (each.repeat(len(ARMS), 1) for each in data.y.unbind(2))
    y, test_y = (each.repeat(len(ARMS), 1) for each in (held.y, held.test_y))
    with torch.no_grad():
        fitted, seen, tested = net(data.x).argmax(2), net(held.x), net(held.test_x)
    wrong = given != right
    found = [
        (fitted == _given(data.y)).float().mean(1),
        (seen.argmax(2) == y).float().mean(1),
        (tested.argmax(2) == test_y).float().mean(1),
        ((fitted == given) & wrong).sum(1) / wrong.sum(1),
        cross_entropy(seen, y),
        cross_entropy(tested, test_y),
    ]
    return [each.view(len(ARMS), -1) for each in found]


def stopped(curve: Tensor, patience: int) -> Tensor:
    """The epoch, along the first axis, to which early stopping goes back: the best one so far.

    It stops after ``patience`` epochs below the best; with 1, at the first drop.
    """
    best = curve.cummax(0).indices  # of equal ones the latest
    epochs = torch.arange(len(curve)).view(-1, *[1] * (curve.dim() - 1))
    over = epochs - best >= patience
    over[-1] = True
    return best.gather(0, over.int().argmax(0, keepdim=True))[0]


def temperature(outputs: Tensor, y: Tensor) -> Tensor:
    """Of a few, the one to divide each net's outputs by that gives the lowest loss."""
    tried = torch.arange(10, 81) / 10
    losses = torch.stack([cross_entropy(outputs / each, y) for each in tried])
    return tried[losses.argmin(0)]


def _judge(curves: Curves) -> dict[str, Tensor]:
    """One value a net for each number."""
    best = curves.validation.argmax(0)
    first, patient = (stopped(curves.validation, patience) for patience in (1, PATIENCE))
    end = curves.test[-LAST:].mean(0)
    fall = _at(curves.test, best) - end
    rise = curves.training[-LAST:].mean(0) - _at(curves.training, best)
    kept = _at(curves.test, patient)
    calm = curves.validation_loss.argmin(0)
    below = _at(curves.validation, first) < _at(curves.validation, best)
    return {
        "labels_fall": fall[LABELS],
        "labels_training_rise": rise[LABELS],
        "rate_fall": fall[HIGH],
        "rate_training_fall": -rise[HIGH],
        "clean_fall": fall[CLEAN],
        "clean_loss_rise": (curves.test_loss[-1] / _at(curves.test_loss, calm))[CLEAN],
        "repeated_at_best": _at(curves.repeated, best)[LABELS],
        "repeated_at_end": curves.repeated[-1, LABELS],
        "early_first_drops": below[:HIGH].float().mean(0),
        "first_drop": (_at(curves.test, first) - kept)[:HIGH].mean(0),
        "patience_gain": (kept - end)[LABELS],
        "high_not_repaired": kept[HIGH] - end[CLEAN],
        "dropout_gain": end[DROPOUT] - end[LABELS],
        "dropout_fall": fall[DROPOUT],
    }


def _at(curve: Tensor, epochs: Tensor) -> Tensor:
    return curve.gather(0, epochs[None])[0]


def _facts_of_dropout(seed: int) -> dict[str, float]:
    """What ``nn.Dropout`` does to the outputs of a layer for 100 examples."""
    torch.manual_seed(seed)
    layer, dropout = nn.Linear(64, 64), nn.Dropout(0.5)
    with torch.no_grad():
        whole = layer(torch.rand(100, 64))
        seen = dropout(whole)
    kept = seen != 0
    return {
        "patterns": len(kept.unique(dim=0)) / len(kept),
        "kept_scale": float((seen[kept] / whole[kept] - 2).abs().max()),
    }


def _means(curves: Curves, arm: int) -> dict[str, list[float]]:
    """Over all nets of an arm, for the picture."""
    shown = {"training": curves.training, "validation": curves.validation}
    return {
        name: [round(value, 3) for value in each[:, arm].mean(1).tolist()]
        for name, each in shown.items()
    }


def _after(means: dict[str, list[float]]) -> str:
    """How far the curves end from where validation was best."""
    validation, training = means["validation"], means["training"]
    best = validation.index(max(validation))
    changes = (round(each[-1] - each[best], 2) + 0.0 for each in (validation, training))
    return "from the best epoch on: validation {:+.2f}, training {:+.2f}".format(*changes)
