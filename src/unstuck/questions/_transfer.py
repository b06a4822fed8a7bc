"""A source and a target task of the digits, and nets that go from one to the other: q16 and q17."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from unstuck.questions._convs import Convs, shown
from unstuck.questions._data import Data, draws_of, shuffled
from unstuck.questions._lab import Lab
from unstuck.questions._stack import Adam, Batches, Stack, cross_entropy, falling

CLASSES = 5
"""Of each task: the digits 0 to 4 are the source, 5 to 9 the target."""

PER_CLASS = 174
"""So many images has the rarest digit."""

CANVAS, NOISE = 10, 0.25
"""Pixels a side, and deviation. Without noise the net needs no more than 5 images a class."""

WIDTHS = (16, 32, CLASSES)
PRE_EPOCHS, PRE_RATE = 14, 4e-3
RATE, BATCH = 3e-3, 25
HEAD_STEPS, HEAD_RATE = 150, 2e-2

SHOWN = 2
"""Times that each test image is shown, at other places: an accuracy with less noise."""


def halves(seeds: Sequence[int], train: int) -> tuple[Data, Data]:
    """The digits 0 to 4 and 5 to 9 as two tasks, 8 x 8, each seed with its own split.

    ``train`` images a class are to train on; the first 5 n rows are n a class.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.tensor(bunch.images / 16, dtype=torch.float32)
    orders = shuffled(len(images), seeds)

    def task(classes: Sequence[int]) -> Data:
        chosen = [
            np.stack([order[bunch.target[order] == each][:PER_CLASS] for each in classes], axis=1)
            for order in orders
        ]
        rows = torch.tensor(np.stack(chosen))  # (seeds, images of a class, classes)
        x = images[rows].flatten(1, 2)
        y = torch.arange(len(classes)).repeat(len(orders), PER_CLASS)
        split = train * len(classes)
        return Data(x[:, :split], y[:, :split], x[:, split:], y[:, split:])

    return task(range(CLASSES)), task(range(CLASSES, 2 * CLASSES))


def both(*data: Data) -> Data:
    """Several data sets one after the other along the first axis, as if of more seeds."""
    fields = zip(*((d.x, d.y, d.test_x, d.test_y) for d in data), strict=True)
    return Data(*(torch.cat(each) for each in fields))


def on_canvas(task: Data, seeds: Sequence[int]) -> Data:
    """A task whose images stand at places that do not change; each test image at two."""
    draws = draws_of(seeds, 3000)
    test_x = shown(task.test_x.repeat(1, SHOWN, 1, 1), CANVAS, NOISE, draws)
    return Data(shown(task.x, CANVAS, NOISE, draws), task.y, test_x, task.test_y.repeat(1, SHOWN))


def pre_trained(source: Data, seeds: Sequence[int], lab: Lab, doing: str) -> Convs:
    """Nets trained on images that stand elsewhere at each step. A seed may come more than once."""
    net = Convs(WIDTHS, seeds)
    adam, draws = Adam(net, PRE_RATE), draws_of(seeds, 4000)
    listed = Batches(source, BATCH, PRE_EPOCHS, seeds)
    for left, (x, y) in zip(falling(len(listed)), lab.track(listed, doing), strict=True):
        adam.step(cross_entropy(net(shown(x, CANVAS, NOISE, draws)), y), left)
    return net


def few(target: Data, number: int, after: int = 0) -> Data:
    """The task with ``number`` training images a class, those ``after`` so many others."""
    rows = slice(after * CLASSES, (after + number) * CLASSES)
    return Data(target.x[:, rows], target.y[:, rows], target.test_x, target.test_y)


def rounds(data: Data, seeds: Sequence[int], steps: int) -> Batches:
    """So many batches, whatever the number of rows."""
    return Batches(data, BATCH, steps // (data.rows // BATCH), seeds)


def started(starts: Sequence[Sequence[Tensor]], seeds: Sequence[int]) -> Convs:
    """One arm for each of ``starts``, the kernels and biases of its convolutions; new heads."""
    net = Convs(WIDTHS, seeds, arms=len(starts))
    for arm, start in enumerate(starts):
        for own, given in zip(net.body, start, strict=True):
            net.arm(own, arm).copy_(given)
        net.arm(net.weights[-1], arm).zero_()  # a random head would first spoil what is below it
    return net


def tune(
    net: Convs, data: Data, lab: Lab, doing: str, steps: int, rates: Tensor | float = RATE
) -> None:
    """Train all of it, at a rate that falls to 0."""
    adam = Adam(net, rates)
    for step, (x, y) in enumerate(lab.track(rounds(data, net.seeds, steps), doing, steps)):
        adam.step(cross_entropy(net(x), y), 1 - step / steps)


def train_head(net: Convs, data: Data) -> Stack:
    """Linear heads trained on what the convolutions make of the images, with these left alone.

    Heads of all arms are one stack of a single arm.
    """
    with torch.no_grad():
        features = net.features(data.x)
    many = net.seeds * net.arms
    seen = Data(features, data.y.repeat(net.arms, 1), features, data.y)
    head = Stack((WIDTHS[1], CLASSES), many)
    adam = Adam(head, HEAD_RATE)
    for _ in range(HEAD_STEPS):
        adam.step(cross_entropy(head(seen.x), seen.y))
    return head


def frozen_accuracy(net: Convs, head: Stack, data: Data) -> Tensor:
    """Accuracy (arms, seeds) of separately trained heads."""
    with torch.no_grad():
        right = head(net.features(data.test_x)).argmax(2) == data.test_y.repeat(net.arms, 1)
    return right.float().mean(1).view(net.arms, -1)
