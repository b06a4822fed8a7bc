"""What is the difference between a multi-class and a multi-label problem?

## Answer
Multi-class: exactly one of more than two exclusive classes per example. Multi-label:
any set of labels per example, including none. Head, loss and metric that match: softmax
with cross-entropy and accuracy for the first; one sigmoid per label with binary
cross-entropy, and exact match or macro-F1, for the second. Softmax probabilities sum to
1, so at most one can exceed 0.5: images of two digits can have no two labels then. At
its best threshold a softmax head got 0.68 of the images of up to two digits right (0.60
at 0.5), sigmoids 0.77 (at 0.5). Giving no label at all is right in 0.89 of the
yes-or-no decisions, so the Hamming loss alone says little there. The other way round
costs less: on single digits, by the largest output and trained to the end, sigmoids
were as accurate as softmax (0.97; 2 points less at a low rate for 15 epochs), but 6 %
of the images had no class or several above 0.5 (softmax 0.3 %). The labels need not be
related.

## Popular claims
- "multi-class: more than two exclusive classes": right. Each example has exactly one.
- "an image is a cat or a dog, but not both": right, as an example of exclusive classes.
  With two of them a softmax of two outputs is the sigmoid of their difference.
- "multi-label: a set of labels, not exclusive": right. This is the standard definition.
- "a pattern belongs to one or more classes": only if the task excludes empty sets; in
  general the set may be empty, which a softmax's largest output cannot say.
- "each label is a separate task, the tasks are related": only if each label gets its
  own classifier (binary relevance), as sigmoids on one linear layer are; with a hidden
  layer they share it. A relation is neither needed nor guaranteed.

## Watch for it
Target rows that do not sum to 1 used with cross-entropy, or one-hot targets with binary
cross-entropy. Label smoothing, mixup and some detection heads do this on purpose.

## Remedy
Change head, loss and metric together: exact match and macro-F1 should rise. Thresholds
per label are tuned on validation data; here, with equally frequent labels, that gained
0.006 of macro-F1 (-0.001 to 0.013).

## Sources
- Tsoumakas & Katakis 2007, *Multi-Label Classification: An Overview*
- scikit-learn user guide, *Multiclass and multioutput algorithms*
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, digits
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._run import missing
from unstuck.questions._stack import Adam, Batches, Sgd, Stack, accuracy, falling
from unstuck.questions._two_digits import LABELS, MOST, up_to_two

HALVES = (128, 128, LABELS)
EPOCHS, BATCH, RATE = 12, 50, 3e-3

SINGLE = (64, 32, LABELS)
SINGLE_BATCH = 32
LONG, SHORT = (40, 1e-2), (15, 3e-3)
"""Epochs and rate: with the first ones both are trained to the end."""

FEW, STEPS, PLAIN_RATE = 300, 50, 0.5
"""Examples, steps and rate of ten labels that are trained together and one by one."""

THRESHOLDS = tuple(place / 50 for place in range(1, 50))

RULES = ("sigmoids, p > 0.5", "softmax, p > 0.5", "softmax, best threshold")

PREDICTIONS = (
    Prediction(
        "single digits, softmax: share of test images with no or several classes above 0.5",
        "softmax_not_one", high=0.03, claim=1, share=True,
    ),
    Prediction(
        "single digits, sigmoids: share of test images with no or several classes above 0.5",
        "sigmoid_not_one", low=0.02, claim=1, share=True,
    ),
    Prediction(
        "two exclusive classes: softmax of two outputs against the sigmoid of their difference, "
        "largest gap",
        "two_way_gap", high=1e-12, claim=2,
    ),
    Prediction(
        "up to two digits, softmax: most labels above 0.5 of any test image",
        "softmax_most", high=1, claim=3,
    ),
    Prediction(
        "the same: share of the images with two labels that are fully right", "softmax_two", 0, 0,
        claim=3, share=True,
    ),
    Prediction(
        "sigmoids: share of the images with two labels that are fully right", "sigmoid_two",
        low=0.4, claim=3, share=True,
    ),
    Prediction(
        "all images: exact match of sigmoids at 0.5 less that of softmax at its best threshold",
        "exact_gain", low=0.03, claim=3,
    ),
    Prediction(
        "sigmoids: share of the images without a digit that get no label", "none_found", low=0.95,
        claim=4, share=True,
    ),
    Prediction(
        "ten sigmoids on one linear layer, trained together and one by one: largest difference of "
        "weights",
        "together_gap", high=1e-12, claim=5,
    ),
    Prediction(
        "up to two digits: largest correlation of two labels, which are learned all the same",
        "correlation", high=0.15, claim=5,
    ),
    Prediction(
        "no label for any image: share of right yes-or-no decisions (1 - Hamming loss)",
        "right_decisions", low=0.85, share=True,
    ),
    Prediction("the same: exact match", "nothing_exact", high=0.3, share=True),
    Prediction(
        "a threshold for each label, tuned on 500 images: gain of macro-F1 on 500 others",
        "tuned_gain", -0.04, 0.04,
    ),
    Prediction(
        "single digits, largest output: accuracy of softmax less that of sigmoids",
        "accuracy_gap", -0.03, 0.03,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Images of up to two digits, and of one: sigmoids and softmax on equal nets, Adam."""
    several, series = _of_sets(lab)
    return Measured(several | _of_classes(lab) | _one_by_one(lab), series)


def picture(series: dict[str, Any]) -> Any:
    """Probabilities that two heads give an image of two digits, and how many images are right."""
    import altair as alt

    return alt.vconcat(
        alt.hconcat(_image_drawn(series["image"], series["bars"]), _bars(series["bars"])),
        _exact_drawn(series["exact"]),
    ).resolve_scale(color="independent")


def on(facts: Any) -> Iterator[str]:
    """Whether the person's targets are classes or sets of labels, and what the loss takes them for."""
    if facts.targets is None:
        yield from missing(facts, "targets", "the targets were")
        return
    yield from dict.fromkeys(said for each in facts.targets for said in _of_target(each))


_ALONE = ("binary_cross_entropy", "binary_cross_entropy_with_logits")


def _of_target(target: Any) -> Iterator[str]:
    if target["made"]:  # by a network: no labels
        return
    kind, function, classes = target["kind"], target["function"], len(target["counts"])
    if kind == "classes":
        yield f"{function}: each target is the number of one of {classes} classes that exclude one another"
    elif kind == "binary" and function in _ALONE:
        yield f"{function}: each target is 0 or 1, one yes or no for each output"
    elif kind == "one-hot":
        text = f"{function}: each of {target['rows']} rows has a single 1 of {classes}, as classes "
        text += "that exclude one another have"
        yield text + ("; this loss judges each of them alone" if function in _ALONE else "")
    elif kind == "multi-hot":
        text = f"{function}: {target['several']} of {target['rows']} rows have several 1 of {classes}, "
        text += f"{target['mean'] * classes:.2g} on average, as sets of labels have"
        shares = "; of softmax probabilities at most one exceeds one half"
        yield text + (shares if function == "cross_entropy" and target["several"] else "")
    elif kind == "shared":
        yield f"{function}: {target['several']} of {target['rows']} rows divide 1 among several classes"
    elif kind == "soft":
        yield f"{function}: rows sum to 1 without being 0 and 1, as of label smoothing or mixup"


def _of_sets(lab: Lab) -> tuple[dict[str, list[float]], dict[str, Any]]:
    data = up_to_two(lab.seeds)
    net = Stack(HALVES, lab.seeds, arms=2)
    _train(net, data, EPOCHS, BATCH, RATE, lab, "images of up to two digits")
    sigmoid, softmax = _probabilities(net, data.test_x)
    found = _right(sigmoid, softmax, data.test_y)
    exact = {rule: right.mean(1) for rule, right in found.items()}
    count = data.test_y.sum(2)
    by_count = {
        rule: torch.stack([_mean_where(right, count == labels) for labels in range(MOST + 1)])
        for rule, right in found.items()
    }
    ours, plain, best = RULES
    numbers = {
        "softmax_most": (softmax > 0.5).sum(2).amax(1),
        "softmax_two": by_count[plain][2],
        "sigmoid_two": by_count[ours][2],
        "exact_gain": exact[ours] - exact[best],
        "none_found": by_count[ours][0],
        "correlation": torch.stack([_correlation(y) for y in data.y]),
        "right_decisions": 1 - data.test_y.mean((1, 2)),
        "nothing_exact": (count == 0).float().mean(1),
        "tuned_gain": _tuned_gain(sigmoid, data.test_y),
        "sigmoid_exact": exact[ours],
        "softmax_exact": exact[plain],
        "softmax_exact_at_best": exact[best],
    }
    series = _example(data, sigmoid, softmax, found[ours]) | {"exact": _rows(by_count)}
    return {name: values.tolist() for name, values in numbers.items()}, series


def _of_classes(lab: Lab) -> dict[str, list[float]]:
    data = digits(lab.seeds)
    one_hot = Data(data.x, F.one_hot(data.y, LABELS).float(), data.test_x, data.test_y)
    early, net = (Stack(SINGLE, lab.seeds, arms=2) for _ in range(2))
    for each, (epochs, rate) in ((early, SHORT), (net, LONG)):
        _train(each, one_hot, epochs, SINGLE_BATCH, rate, lab, "images of one digit")
    sigmoid, softmax = _probabilities(net, data.test_x)
    before, right = (accuracy(each, data.test_x, data.test_y) for each in (early, net))
    with torch.no_grad():
        pair = net(data.test_x).chunk(2)[1][..., :2].double()
    gap = (pair.softmax(2)[..., 0] - (pair[..., 0] - pair[..., 1]).sigmoid()).abs()
    numbers = {
        "sigmoid_not_one": ((sigmoid > 0.5).sum(2) != 1).float().mean(1),
        "softmax_not_one": ((softmax > 0.5).sum(2) != 1).float().mean(1),
        "accuracy_gap": right[1] - right[0],
        "accuracy_gap_early": before[1] - before[0],
        "sigmoid_accuracy": right[0],
        "softmax_accuracy": right[1],
        "two_way_gap": gap.amax(1),
    }
    return {name: values.tolist() for name, values in numbers.items()}


def _one_by_one(lab: Lab) -> dict[str, list[float]]:
    """How far ten sigmoids on one layer are from ten nets of one sigmoid: they share nothing."""
    data = up_to_two(lab.seeds)
    x, y = data.x[:, :FEW].double(), data.y[:, :FEW].double()
    together = Stack((x.shape[2], LABELS), lab.seeds, dtype=x.dtype)
    alone = Stack(
        (x.shape[2], 1), [seed for seed in lab.seeds for _ in range(LABELS)], dtype=x.dtype
    )
    for net in (together, alone):
        net.arm(net.weights[0], 0).zero_()
    each_x, each_y = x.repeat_interleave(LABELS, 0), y.transpose(1, 2).flatten(0, 1)[..., None]
    both = Sgd(together, PLAIN_RATE), Sgd(alone, PLAIN_RATE)
    for _ in lab.track(range(STEPS), "ten labels together and one by one"):
        both[0].step(of_sigmoids(together(x), y))
        both[1].step(of_sigmoids(alone(each_x), each_y))
    single = alone.weights[0].detach().view(len(x), LABELS, -1).transpose(1, 2)
    return {"together_gap": (together.weights[0].detach() - single).abs().amax((1, 2)).tolist()}


def of_sigmoids(outputs: Tensor, y: Tensor) -> Tensor:
    """Binary cross-entropy of each net (nets,): added up over labels, the mean over rows."""
    each = F.binary_cross_entropy_with_logits(outputs, y, reduction="none")
    return each.sum(2).mean(1)


def of_softmax(outputs: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of each net (nets,) with labels that share 1 evenly; a row without one adds 0."""
    targets = y / y.sum(2, keepdim=True).clamp_min(1)
    return -(targets * outputs.log_softmax(2)).sum(2).mean(1)


def _train(
    net: Stack, data: Data, epochs: int, size: int, rate: float, lab: Lab, doing: str
) -> None:
    """The first arm by the loss of sigmoids, the second by that of a softmax."""
    adam, order = Adam(net, rate), Batches(data, size, epochs, lab.seeds)
    for left, (x, y) in zip(falling(len(order)), lab.track(order, doing), strict=True):
        sigmoids, softmax = net(x).chunk(2)
        adam.step(torch.cat([of_sigmoids(sigmoids, y), of_softmax(softmax, y)]), left)


def _probabilities(net: Stack, x: Tensor) -> tuple[Tensor, Tensor]:
    """Of both arms (seeds, rows, labels)."""
    with torch.no_grad():
        sigmoids, softmax = net(x).chunk(2)
    return sigmoids.sigmoid(), softmax.softmax(2)


def _right(sigmoid: Tensor, softmax: Tensor, y: Tensor) -> dict[str, Tensor]:
    """By rule which sets (seeds, rows) are exactly right; the best threshold is that of these rows."""
    truth = y > 0
    each = torch.stack([_exact(softmax > threshold, truth) for threshold in THRESHOLDS])
    best = each.mean(2).argmax(0)
    found = _exact(sigmoid > 0.5, truth), _exact(softmax > 0.5, truth)
    return dict(zip(RULES, (*found, each[best, torch.arange(len(best))]), strict=True))


def _exact(given: Tensor, truth: Tensor) -> Tensor:
    return (given == truth).all(2).float()


def _mean_where(values: Tensor, chosen: Tensor) -> Tensor:
    """Of each seed."""
    return (values * chosen).sum(1) / chosen.sum(1)


def _correlation(y: Tensor) -> Tensor:
    """The largest of two labels, whatever its sign."""
    return (torch.corrcoef(y.T) - torch.eye(y.shape[1])).abs().amax()


def f1(given: Tensor, y: Tensor) -> Tensor:
    """Of each label (..., labels), of yes or no (..., rows, labels)."""
    return 2 * (given * y).sum(-2) / (given.sum(-2) + y.sum(-2)).clamp_min(1)


def _tuned_gain(sigmoid: Tensor, y: Tensor) -> Tensor:
    """Macro-F1 with each label's best threshold of one half of the rows, less that at 0.5."""
    half = sigmoid.shape[1] // 2
    tuning = [f1((sigmoid[:, :half] > threshold).float(), y[:, :half]) for threshold in THRESHOLDS]
    best = torch.tensor(THRESHOLDS)[torch.stack(tuning).argmax(0)][:, None]
    tuned, plain = (f1((sigmoid[:, half:] > at).float(), y[:, half:]) for at in (best, 0.5))
    return (tuned - plain).mean(1)


def _example(data: Data, sigmoid: Tensor, softmax: Tensor, right: Tensor) -> dict[str, Any]:
    """The first image of two digits of the first seed that sigmoids get right."""
    row = int(((data.test_y[0].sum(1) == MOST) & (right[0] > 0)).nonzero()[0])
    bars = [
        {"head": head, "label": label, "p": round(float(p), 3), "shown": bool(shown)}
        for head, each in (("sigmoids", sigmoid), ("softmax", softmax))
        for label, (p, shown) in enumerate(zip(each[0, row], data.test_y[0, row], strict=True))
    ]
    pixels = data.test_x[0, row].view(8, 16).tolist()
    return {"image": [[round(each, 2) for each in line] for line in pixels], "bars": bars}


def _rows(by_count: dict[str, Tensor]) -> list[dict[str, Any]]:
    return [
        {"rule": rule, "labels": labels, "share": round(share, 4)}
        for rule, each in by_count.items()
        for labels, shares in enumerate(each.tolist())
        for share in shares
    ]


def _image_drawn(image: list[list[float]], bars: list[dict[str, Any]]) -> Any:
    import altair as alt

    from unstuck.charts import MARK, rows

    pixels = [
        {"x": x, "y": y, "ink": min(1.0, max(0.0, ink))}
        for y, line in enumerate(image)
        for x, ink in enumerate(line)
    ]
    shown = " and ".join(sorted({str(bar["label"]) for bar in bars if bar["shown"]}))
    return (
        alt.Chart(rows(pixels))
        .mark_rect(color=MARK, aria=False)
        .encode(
            x=alt.X("x:O", axis=None),
            y=alt.Y("y:O", axis=None),
            opacity=alt.Opacity("ink:Q", legend=None, scale=alt.Scale(range=[0, 1])),
        )
        .properties(width=128, height=64, title=f"an image of {shown}")
    )


def _bars(bars: list[dict[str, Any]]) -> Any:
    import altair as alt

    from unstuck.charts import GRID, LINE, MARK, rows

    base = alt.Chart().encode(x=alt.X("label:O", title="label", axis=alt.Axis(labelAngle=0)))
    drawn = base.mark_bar(aria=False).encode(
        y=alt.Y(
            "p:Q", title="p", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, 0.5, 1])
        ),
        color=alt.Color(
            "shown:N", scale=alt.Scale(domain=[True, False], range=[LINE, GRID]), legend=None
        ),
    )
    half = alt.Chart().mark_rule(color=MARK, strokeDash=[4, 3], aria=False).encode(y=alt.datum(0.5))
    return (
        alt.layer(drawn, half, data=rows(bars))
        .properties(width=170, height=110)
        .facet(column=alt.Column("head:N"))
    )


def _exact_drawn(shares: list[dict[str, Any]]) -> Any:
    import altair as alt

    from unstuck.charts import LINE, rows

    points = (
        alt.Chart(rows(shares))
        .mark_point(size=44, strokeWidth=1.5, color=LINE, aria=False)
        .encode(
            x=alt.X("share:Q", title="share that is fully right", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("rule:N", title=None, sort=list(RULES), axis=alt.Axis(labelLimit=300)),
        )
        .properties(width=120, height=80)
    )
    return points.facet(column=alt.Column("labels:O", header=alt.Header(labelExpr=_TITLES)))


_TITLES = "['no label', 'one label', 'two labels'][datum.value]"
