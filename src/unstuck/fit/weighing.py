"""Class weights: tried where a class is rare, undone in the odds, kept only where measured better."""

import math

import torch
from torch import Tensor

from unstuck.fit.task import Task


def weights_of(task: Task, targets: Tensor) -> Tensor:
    """What a loss is multiplied with so that the classes weigh alike, of encoded training targets.

    multi-class: (classes,), in the mean over rows 1; binary: (1,), of the positive class.
    """
    if task.kind == "binary":
        positive = targets.mean(0).clamp(1 / len(targets), 1 - 1 / len(targets))
        return (1 - positive) / positive
    counts = torch.bincount(targets, minlength=task.outputs).clamp_min(1)
    return len(targets) / (len(counts) * counts.float())


def correction(weights: Tensor) -> tuple[float, ...]:
    """What is added to the logits of a net trained with these weights: its odds times the prior's ratio.

    A weight multiplies the odds that a net learns, so that dividing by it makes them those of the
    rows again. Source: Elkan 2001, theorem 2; Saerens et al. 2002.
    """
    return tuple((-weights.log()).tolist())


def gain(hits: Tensor, others: Tensor, classes: Tensor) -> tuple[float, float]:
    """By how much balanced accuracy is higher with ``hits``, and the standard error of that.

    Args:
        hits: (rows,) whether the class named is the true one.
        others: the same of what it is compared with, on the same rows.
        classes: (rows,) the true ones.
    """
    better = hits.double() - others.double()
    groups = [better[classes == each] for each in torch.unique(classes)]
    mean = sum(float(each.mean()) for each in groups) / len(groups)
    variance = sum(float(each.var(correction=0)) / len(each) for each in groups)
    return mean, math.sqrt(variance) / len(groups)
