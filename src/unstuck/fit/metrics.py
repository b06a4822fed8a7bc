"""How good predictions are: the first metric is the one that a person should look at."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_average_precision,
    binary_calibration_error,
    multiclass_calibration_error,
)
from torchmetrics.functional.regression import mean_absolute_error, r2_score

from unstuck.fit.task import Label, Task

RARE = 0.2
"""Of an even share: accuracy hides whether a class rarer than this is ever named."""


def classification(probabilities: Tensor, chosen: Tensor, targets: Tensor) -> dict[str, float]:
    """Of probabilities (rows, classes), the classes chosen (rows,) and the true ones (rows,).

    Of two classes the rarer one is the one to be found.
    """
    count = probabilities.shape[1]
    found = {
        "accuracy": float((chosen == targets).float().mean()),
        "balanced accuracy": balanced_accuracy(chosen, targets),
        "log loss": float(-_of_true(probabilities, targets).clamp_min(1e-15).log().mean()),
        "Brier score": float(_squares(probabilities, targets)),
    }
    if count == 2:
        number = rarer(targets)
        positive, truth = probabilities[:, number].contiguous(), (targets == number).long()
        found |= _of_one(chosen == number, truth.bool())
        if 0 < int(truth.sum()) < len(truth):  # else there is nothing to rank
            precision = binary_average_precision(positive, truth)
            found["average precision of the rarer class"] = float(precision)
            found["area under ROC"] = float(binary_auroc(positive, truth))
        found["calibration error"] = float(binary_calibration_error(positive, truth))
    else:
        found["calibration error"] = float(
            multiclass_calibration_error(probabilities, targets, count)
        )
    return found


def rarer(targets: Tensor) -> int:
    """Of two classes that which fewer rows (rows,) are of; the second if they are as many."""
    return int(2 * targets.sum() <= len(targets))


def _of_one(named: Tensor, true: Tensor) -> dict[str, float]:
    """How many rows of a class are found, and how many that are called so are of it."""
    hits = float((named & true).sum())
    return {
        "recall of the rarer class": hits / max(1, int(true.sum())),
        "precision of the rarer class": hits / max(1, int(named.sum())),
    }


def labelling(probabilities: Tensor, chosen: Tensor, targets: Tensor) -> dict[str, float]:
    """Of sets of labels: probabilities, chosen and true ones, each (rows, labels)."""
    return {
        "exact match": float((chosen == targets).all(1).float().mean()),
        "macro F1": float(f1(chosen, targets).mean()),
        "Hamming loss": float((chosen != targets).float().mean()),
        "log loss": float(torch.nn.functional.binary_cross_entropy(probabilities, targets.float())),
    }


def regression(
    predicted: NDArray[np.float64], targets: NDArray[np.float64], names: Sequence[Label] = ()
) -> dict[str, float]:
    """Of quantities (rows, outputs), in their own units; of several, R2 is the mean of theirs.

    ``names`` are those of several outputs: their errors have units of their own, and no mean.
    """
    first, second = (torch.tensor(each).reshape(len(each), -1) for each in (predicted, targets))
    found = {"R2": float(r2_score(first, second))} if len(first) > 1 else {}
    if first.shape[1] == 1:
        return found | _errors(first, second)
    for number, name in enumerate(names):
        each = regression(predicted[:, number], targets[:, number])
        found |= {f"{metric} of {name}": value for metric, value in each.items()}
    return found


def _errors(predicted: Tensor, targets: Tensor) -> dict[str, float]:
    return {
        "mean absolute error": float(mean_absolute_error(predicted, targets)),
        "root mean squared error": float((predicted - targets).square().mean().sqrt()),
    }


def balanced_accuracy(chosen: Tensor, targets: Tensor) -> float:
    """The mean over the classes that occur of the share of their rows that is named so."""
    hits = (chosen == targets).double()
    return float(
        torch.stack([hits[targets == each].mean() for each in torch.unique(targets)]).mean()
    )


def f1(chosen: Tensor, targets: Tensor) -> Tensor:
    """(labels,): of each label the harmonic mean of precision and recall; 0 where neither is."""
    hits = ((chosen > 0) & (targets > 0)).sum(0).double()
    named, there = (chosen > 0).sum(0), (targets > 0).sum(0)
    return 2 * hits / (named + there).clamp_min(1)


def headline(task: Task, imbalanced: bool) -> str:
    """The metric to look at first."""
    if task.kind == "regression":
        return "R2"
    if task.kind == "multi-label":
        return "macro F1"
    return "balanced accuracy" if imbalanced else "accuracy"


def is_imbalanced(shares: NDArray[np.float64]) -> bool:
    """Whether a class is so rare that accuracy hides it."""
    return float(shares.min()) * len(shares) < RARE


def said(found: Mapping[str, float], first: str) -> str:
    """One line, the first metric first."""
    names = sorted(found, key=lambda name: name != first)
    return ", ".join(f"{name} {found[name]:.3f}" for name in names[:3])


def _of_true(probabilities: Tensor, targets: Tensor) -> Tensor:
    return probabilities.gather(1, targets[:, None])[:, 0]


def _squares(probabilities: Tensor, targets: Tensor) -> Tensor:
    truth = torch.nn.functional.one_hot(targets, probabilities.shape[1])
    return (probabilities - truth).square().sum(1).mean() / 2
