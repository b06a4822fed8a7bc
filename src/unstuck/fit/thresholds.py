"""Where to draw the line between classes: chosen on held-out rows, so that probabilities stay as they are."""

import torch
from torch import Tensor

from unstuck.fit.metrics import balanced_accuracy, f1
from unstuck.fit.task import Task
from unstuck.fit.weighing import gain

FEW = 10
"""Rows of a class below which its share, and where its probabilities lie, are chance."""

STEPS = 99
"""Thresholds tried, evenly among the probabilities that occur."""


def even(task: Task) -> tuple[float, ...]:
    """Those that leave the likeliest class, and each label that is likelier than not."""
    return {
        "binary": (0.5,),
        "multi-class": (1.0,) * task.outputs,
        "multi-label": (0.5,) * task.outputs,
    }[task.kind]


def moved(task: Task, probabilities: Tensor, targets: Tensor) -> tuple[float, ...]:
    """Those with which rare classes and labels are named as well, of rows to choose by."""
    if task.kind == "multi-label":
        return of_labels(probabilities, targets)
    classes = task.classes(targets)
    if task.kind == "binary":
        return of_binary(probabilities, classes)
    return of_classes(probabilities, classes)


def of_binary(probabilities: Tensor, targets: Tensor) -> tuple[float, ...]:
    """The probability of the positive class from which on balanced accuracy is best.

    Of probabilities (rows, 2) and classes (rows,). If probabilities are what they say, it is the share
    of the class (Elkan 2001, theorem 1); another is taken only where it is better by more than one
    standard error, for among few positive rows the best one is chance.
    """
    positive = probabilities[:, 1]
    share = float(targets.double().mean())
    tried = _between(positive)
    scores = [balanced_accuracy((positive >= each).long(), targets) for each in tried]
    best = _middle(tried, scores)
    first, second = ((positive >= each).long() == targets for each in (best, share))
    better, error = gain(first, second, targets)
    return (best if better > error else share,)


def of_classes(probabilities: Tensor, targets: Tensor) -> tuple[float, ...]:
    """What each class's probability is divided by before the largest is taken: its share of the rows.

    Of a class with fewer than 10 rows, what 10 would be. As of two classes, nothing is moved where
    balanced accuracy is not better by more than one standard error.
    """
    counts = torch.bincount(targets, minlength=probabilities.shape[1])
    shares = counts.clamp_min(FEW) / len(targets)
    first, second = (each.argmax(1) == targets for each in (probabilities / shares, probabilities))
    better, error = gain(first, second, targets)
    return tuple(shares.tolist()) if better > error else (1.0,) * len(shares)


def of_labels(probabilities: Tensor, targets: Tensor) -> tuple[float, ...]:
    """For each label the probability from which on its F1 is best, of (rows, labels) each."""
    found = []
    for label in range(targets.shape[1]):
        each, truth = probabilities[:, label], targets[:, label].int()
        tried = _between(each)
        scores = [float(f1(each >= threshold, truth)) for threshold in tried]
        found.append(_middle(tried, scores) if truth.any() else 0.5)
    return tuple(found)


def _between(values: Tensor) -> list[float]:
    """Thresholds half way between probabilities that occur, 99 of them at most."""
    seen = torch.unique(values).double()
    between = (seen[1:] + seen[:-1]) / 2
    if len(between) > STEPS:
        between = between[torch.linspace(0, len(between) - 1, STEPS).long()]
    return between.tolist() or [0.5]


def _middle(tried: list[float], scores: list[float]) -> float:
    """The middle one of the best: the ends of a plateau are nearer to a fall."""
    best = max(scores)
    among = [each for each, score in zip(tried, scores, strict=True) if score >= best - 1e-9]
    return among[len(among) // 2]
