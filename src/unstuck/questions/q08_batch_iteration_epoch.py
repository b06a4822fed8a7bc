"""What are batch, iteration and epoch?

## Answer
A batch is the set of examples behind one gradient; its count is the batch size B. An
iteration (step) is one parameter update. An epoch is one pass over the N training
examples: ceil(N / B) batches, or floor with drop_last. Where each update adds up k
batches, an epoch has 1/k as many updates, rounded up if the rest is used as well. With
N = 1797 and B = 64 that is 29 (the last batch has 5 examples), or 28 with drop_last.
The effective batch size is micro-batch x accumulation x devices. Accumulating 4 x 32
gives the gradient of 128 up to rounding, but not with batch normalisation. Say which
unit a budget is in: at one learning rate, after 10 epochs on digits, accuracy was 0.951
with B = 8 but 0.162 with B = 1200; after 380 updates both had 0.90 to 0.91. A learning
rate that grows with B made up for it at B = 128; at B = 1200 it failed. Larger batches
have less noise, but each epoch holds fewer updates.

## Popular claims
- "batch: the number of examples in one iteration": incomplete. That is the batch size;
  the batch is the set itself. Accumulation and several devices change the effective
  size.
- "iterations: the number of batches per epoch": wrong. One iteration is one update; the
  sentence describes the iterations of one epoch, and that without accumulation.
- "epoch: the complete dataset passed once": right. Except for streaming or sampling
  with replacement, which shows about 63 % of the examples; how often the data are
  passed is the number of epochs.

## Watch for it
Count optimiser steps and compare with the formula. Look for a last batch of size 1 with
batch normalisation, and a loss not divided by the accumulation factor.

## Remedy
State N, B, updates per epoch and effective batch size. Retune the learning rate when B
changes. Use drop_last with batch normalisation.

## Sources
- Goyal et al. 2017, *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*
- Shallue et al. 2019, *Measuring the Effects of Data Parallelism on Neural Network
  Training*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapter 8
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler

from unstuck.questions._data import Data, digits
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._stack import Batches, Sgd, Stack, accuracy, cross_entropy

SIZES = (8, 32, 128, 400, 1200)
SCALED = (128, 1200)
RATE, RATE_IS_FOR = 0.05, 32

EPOCHS, UPDATES = 10, 380
"""Two budgets; both are about what a batch of 32 needs for 10 epochs."""

WHOLE, PASSES = 128, 4

PREDICTIONS = (
    Prediction(
        "gradient of 4 batches of 32, averaged, against that of one batch of 128: relative gap",
        "accumulated_gap", high=1e-12, claim=1,
    ),
    Prediction(
        "the same with batch normalisation: relative gap",
        "accumulated_gap_bn", low=0.05, claim=1,
    ),
    Prediction(
        "10 epochs: iterations counted, divided by the batches of one epoch",
        "iterations_over_batches", 10, 10, claim=2,
    ),
    Prediction(
        "share of the examples that one epoch of a shuffled loader shows",
        "shown", 1, 1, claim=3, share=True,
    ),
    Prediction(
        "share that as many draws with replacement show (1 - 1/e is 0.632)",
        "shown_with_replacement", 0.6, 0.66, claim=3, share=True,
    ),
    Prediction(
        "12 settings of data, batch, drop_last and accumulation: counts of updates per epoch that "
        "differ from the formula",
        "wrong_counts", 0, 0,
    ),
    Prediction(
        "batches of 8 to 1200, one rate, 10 epochs each: best less worst accuracy",
        "span_at_equal_epochs", low=0.5,
    ),
    Prediction(
        "the same batches and rate, 380 updates each: best less worst accuracy",
        "span_at_equal_updates", high=0.06,
    ),
    Prediction(
        "batch of 128, 10 epochs, rate times 4: accuracy less that of a batch of 32",
        "scaled_128", -0.03, 0.03,
    ),
    Prediction(
        "batch of 1200, 10 epochs, rate times 37.5: accuracy less that of a batch of 32",
        "scaled_1200", high=-0.2,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Counts; gradients of accumulated batches; digits, 64-32-10, SGD: two budgets by batch size."""
    data = digits(lab.seeds)
    numbers = {
        "wrong_counts": [float(_wrong_counts(seed)) for seed in lab.seeds],
        "iterations_over_batches": [_iterations_over_batches(seed) for seed in lab.seeds],
        "shown": [_shown(seed, replacement=False) for seed in lab.seeds],
        "shown_with_replacement": [_shown(seed, replacement=True) for seed in lab.seeds],
        "accumulated_gap": _gaps(data, lab, norm=False),
        "accumulated_gap_bn": _gaps(data, lab, norm=True),
    }
    rows: list[dict[str, Any]] = []
    at_epochs, at_updates = {}, {}
    for size in SIZES:
        per_epoch = data.rows // size
        curves = _train(data, size, RATE, max(EPOCHS * per_epoch, UPDATES), lab)
        at_epochs[size], at_updates[size] = curves[EPOCHS * per_epoch], curves[UPDATES]
        rows += _rows(curves, size, per_epoch)
    numbers["span_at_equal_epochs"] = _span(at_epochs)
    numbers["span_at_equal_updates"] = _span(at_updates)
    for size in SCALED:
        steps = EPOCHS * (data.rows // size)
        curves = _train(data, size, RATE * size / RATE_IS_FOR, steps, lab)
        numbers[f"scaled_{size}"] = (curves[steps] - at_epochs[RATE_IS_FOR]).tolist()
    return Measured(numbers, {"accuracy": rows})


def picture(series: dict[str, Any]) -> Any:
    """Test accuracy by batch size, once against epochs and once against updates."""
    import altair as alt

    from unstuck.charts import SERIES, TEXT, rows

    sizes = alt.Color(
        "batch:N",
        title="batch size",
        sort=list(SIZES),
        scale=alt.Scale(domain=list(SIZES), range=list(SERIES[: len(SIZES)])),
        legend=alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3),
    )
    panels = []
    for field, budget, ticks in (
        ("epochs", EPOCHS, [0.01, 0.1, 1, 10, 100]),
        ("updates", UPDATES, [1, 10, 100, 1000]),
    ):
        scale = alt.Scale(type="log", domain=[ticks[0] / 2, ticks[-1] * 4])
        x = alt.X(f"{field}:Q", title=field, scale=scale, axis=alt.Axis(values=ticks, format="~g"))
        y = alt.Y("mean:Q", title="test accuracy", scale=alt.Scale(domain=[0, 1]))
        chart = alt.Chart(rows(series["accuracy"])).encode(x=x, color=sizes)
        rule = alt.Chart(rows([{"at": budget}])).mark_rule(color=TEXT, strokeDash=[4, 3])
        band = chart.mark_area(opacity=0.18, aria=False).encode(y=alt.Y("low:Q"), y2="high:Q")
        line = chart.mark_line(strokeWidth=2, aria=False).encode(y=y)
        panel = alt.layer(rule.encode(x=alt.X("at:Q")), band, line)
        title = f"at {budget} {field}: {'far apart' if field == 'epochs' else 'together'}"
        panels.append(panel.properties(width=225, height=220, title=title))
    return alt.hconcat(*panels)


def on(facts: Any) -> Iterator[str]:
    """Batch, epoch, update and effective batch of the person's run, in numbers."""
    data = facts.data
    if data is None or data["batch"] is None:
        return
    size, samples, in_epoch = data["batch"], data["samples"], data["updates_per_epoch"]
    loader = next((e for e in data["loaders"] if e["trains"] and e["batch"] == size), None)
    yield from _of_an_epoch(size, samples, in_epoch, loader)
    passes = _passes(facts.accumulation)
    if passes is None:
        why = facts.missing.get("accumulation", "updates take different numbers of backward passes")
        yield f"the effective batch size is not known: {why}"
        return
    text = f"each update uses {_plural(passes, 'backward pass', 'backward passes')}: "
    text += f"the effective batch size is {size * passes} on each device"
    yield text + ("" if in_epoch is None else f", with {_updates(in_epoch, passes, facts)}")
    yield from _of_cuts(facts.accumulation["cut"])
    yield from _so_far(facts, in_epoch)


def _of_an_epoch(
    size: int, samples: int | None, in_epoch: int | None, loader: dict[str, Any] | None
) -> Iterator[str]:
    if samples is None or in_epoch is None:
        yield f"the batch size is {size}; how many examples an epoch has was not recorded"
        return
    text = f"N = {samples} and B = {size}: {_plural(in_epoch, 'batch', 'batches')} per epoch"
    rest = samples - size * in_epoch
    if loader is not None and loader["drop_last"] and rest > 0:
        text += f", drop_last leaves out {_plural(rest, 'example')}"
    elif loader is not None and loader["last_batch"] not in (None, size):
        text += f", the last of {_plural(loader['last_batch'], 'example')}"
    yield text


def _updates(in_epoch: int, passes: int, facts: Any) -> str:
    """How many an epoch has: its last batches may be dropped, used, or kept for the next one."""
    whole, rest = divmod(in_epoch, passes)
    sizes = [size for size, _ in facts.accumulation["windows"]]
    dropped = [cut["passes"] for cut in facts.accumulation["cut"] if cut["cleared"]]
    few = _plural(rest, "batch", "batches")
    if not rest:
        return f"{_plural(whole, 'update')} per epoch"
    if rest in sizes:
        return f"{_plural(whole + 1, 'update')} per epoch, one of {few}"
    if rest in dropped or rest + passes in sizes:
        return f"{_plural(whole, 'update')} per epoch and {few} left over"
    return f"{whole} or {whole + 1} updates per epoch"


def _of_cuts(cuts: Sequence[Any]) -> Iterator[str]:
    """What became of the gradients that were there when an epoch ended, or were cleared before."""
    lost = sum(cut["cleared"] for cut in cuts)
    kept = len(cuts) - lost
    if lost:
        windows = _plural(lost, "window")
        yield f"the gradients of {windows} of accumulation were cleared before an update used them"
    if kept:
        yield f"{_plural(kept, 'epoch')} ended amid accumulation, and the gradients were kept"


def _so_far(facts: Any, in_epoch: int | None) -> Iterator[str]:
    """Only where one optimizer steps: with two, an update is not an iteration of the data."""
    stepped = [each for each in facts.optimizers or () if each["steps"]]
    in_update = facts.data["backwards_per_step"]
    if facts.ending is None or not in_epoch or not in_update or len(stepped) != 1:
        return
    updates, batches = facts.ending["updates"], round(in_update * facts.ending["steps"])
    epochs = f"{batches / in_epoch:.3g} epochs"
    yield f"{_plural(updates, 'update')} in {_plural(batches, 'batch', 'batches')}: {epochs}"


def _passes(accumulation: Any) -> int | None:
    """Backward passes of four in five updates; None if they differ or were not recorded."""
    windows = accumulation["windows"] if accumulation is not None else []
    passes, times = max(windows, key=lambda window: window[1], default=(0, 0))
    usual = passes > 0 and times >= 0.8 * sum(count for _, count in windows)
    return int(passes) if usual else None


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _loader(samples: int, size: int, **options: Any) -> DataLoader[Tensor]:
    """Of a data set whose examples are the numbers from 0 on."""
    return DataLoader(range(samples), size, **options)  # type: ignore[arg-type]


def _counted(loader: DataLoader[Tensor], passes: int) -> int:
    """Updates of one epoch of a training loop that steps after ``passes`` batches and at the end."""
    updates = waiting = 0
    for _ in loader:
        waiting += 1
        if waiting == passes:
            updates, waiting = updates + 1, 0
    return updates + (waiting > 0)


def _formula(samples: int, size: int, passes: int, *, drop_last: bool) -> int:
    in_epoch = samples // size if drop_last else math.ceil(samples / size)
    return math.ceil(in_epoch / passes)


def _wrong_counts(seed: int) -> int:
    draw = torch.Generator().manual_seed(seed)
    wrong = 0
    for setting in range(12):
        samples = int(torch.randint(100, 400, (), generator=draw))
        size = int(torch.randint(4, 70, (), generator=draw))
        passes, drop = 1 + setting % 3, setting % 2 == 0
        loader = _loader(samples, size, drop_last=drop)
        wrong += _counted(loader, passes) != _formula(samples, size, passes, drop_last=drop)
    return wrong


def _iterations_over_batches(seed: int) -> float:
    size = int(torch.randint(16, 129, (), generator=torch.Generator().manual_seed(seed)))
    loader = _loader(1797, size)
    return sum(_counted(loader, 1) for _ in range(EPOCHS)) / len(loader)


def _shown(seed: int, *, replacement: bool) -> float:
    draw = torch.Generator().manual_seed(seed)
    sampler = RandomSampler(range(1797), replacement, 1797, generator=draw)
    return len(set(torch.cat(list(_loader(1797, 64, sampler=sampler))).tolist())) / 1797


def _gaps(data: Data, lab: Lab, *, norm: bool) -> list[float]:
    return [
        _gap(x[:WHOLE].double(), y[:WHOLE], seed, norm=norm)
        for x, y, seed in zip(data.x, data.y, lab.seeds, strict=True)
    ]


def _gap(x: Tensor, y: Tensor, seed: int, *, norm: bool) -> float:
    """Of one net in float64: the relative difference of one whole gradient and the mean of four."""
    torch.manual_seed(seed)
    middle = [nn.BatchNorm1d(32)] if norm else []
    net = nn.Sequential(nn.Linear(64, 32), *middle, nn.ReLU(), nn.Linear(32, 10)).double()
    whole = _gradient(net, x, y)
    size = WHOLE // PASSES
    starts = range(0, WHOLE, size)
    parts = [_gradient(net, x[at : at + size], y[at : at + size]) for at in starts]
    return float((torch.stack(parts).mean(0) - whole).norm() / whole.norm())


def _gradient(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    slopes = torch.autograd.grad(F.cross_entropy(net(x), y), list(net.parameters()))
    return torch.cat([slope.flatten() for slope in slopes])


def _train(data: Data, size: int, rate: float, steps: int, lab: Lab) -> dict[int, Tensor]:
    """Accuracy (seeds,) by update."""
    per_epoch = data.rows // size
    looks = _looks(steps) | {EPOCHS * per_epoch, UPDATES}
    net = Stack((64, 32, 10), lab.seeds)
    sgd = Sgd(net, rate)
    found = {}
    order = islice(Batches(data, size, math.ceil(steps / per_epoch), lab.seeds), steps)
    doing = f"batches of {size}, learning rate {rate:.3g}"
    for step, (x, y) in enumerate(lab.track(order, doing, steps), start=1):
        sgd.step(cross_entropy(net(x), y))
        if step in looks:
            found[step] = accuracy(net, data.test_x, data.test_y)[0]
    return found


def _looks(steps: int) -> set[int]:
    """Updates to look at: each a third more than the one before, for a logarithmic axis."""
    return {round(1.35**power) for power in range(1 + int(math.log(steps, 1.35)))}


def _span(scores: dict[int, Tensor]) -> list[float]:
    each = torch.stack(list(scores.values()))
    return (each.amax(0) - each.amin(0)).tolist()


def _rows(curves: dict[int, Tensor], size: int, per_epoch: int) -> list[dict[str, Any]]:
    """The mean over the seeds with the lowest and the highest."""
    return [
        {
            "batch": size,
            "updates": step,
            "epochs": round(step / per_epoch, 3),
            "mean": round(float(scores.mean()), 3),
            "low": round(float(scores.amin()), 3),
            "high": round(float(scores.amax()), 3),
        }
        for step, scores in sorted(curves.items())
    ]
