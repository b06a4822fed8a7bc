"""One number for how well a model predicts: 1 is perfect, 0 is what a constant prediction reaches.

Classes: one minus the cross-entropy, averaged over classes so that a rare one counts as much, divided by
the logarithm of their number. Yes-or-no labels: the same over yes and no. Numbers: R^2. Below -0.1 all is
equally bad (the scale of ``trials.md``: 1 - balanced NLL / log K, clipped at -.1).
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

WORST = -0.1
_ROWS = 20_000
_CLASSES = ("cross_entropy", "nll_loss")
_LABELS = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
_NUMBERS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
# Below, a class's average is mostly chance, and the plain average says more.
_ENOUGH_OF_A_CLASS = 5

KNOWN = (*_CLASSES, *_LABELS, *_NUMBERS)
"""Losses whose predictions can be scored, and whose mean over rows may leave rows out."""


@dataclass
class Predictions:
    """Predictions and targets of some batches, as one loss function received them."""

    function: str
    _predicted: list[Tensor] = field(default_factory=list)
    _wanted: list[Tensor] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many were added."""
        return sum(len(each) for each in self._wanted)

    def add(self, prediction: Tensor, target: Tensor, ignored: int = -100) -> None:
        """Add a batch; rows of the ignored class are left out."""
        if self.rows > _ROWS:
            return
        prediction, target = prediction.detach().float(), target.detach()
        if self.function in _CLASSES:
            prediction = prediction.movedim(1, -1) if prediction.dim() > 1 else prediction[None]
            prediction = prediction.reshape(-1, prediction.shape[-1])
            if target.is_floating_point():  # probabilities of classes
                target = target.movedim(1, -1).reshape(-1, prediction.shape[-1]).argmax(1)
            target = target.reshape(-1).long()
            kept = target != ignored
            prediction, target = _log_probabilities(self.function, prediction[kept]), target[kept]
        else:
            # As the loss pairs them: a broadcast is a fault of the loss, not of the prediction.
            if prediction.numel() == target.numel():
                prediction = prediction.reshape(target.shape)
            target = target.float() + 0 * prediction
            prediction = prediction + 0 * target
            columns = target.shape[1:].numel() if target.dim() else 1
            prediction, target = prediction.reshape(-1, columns), target.reshape(-1, columns)
            if self.function == "binary_cross_entropy_with_logits":
                prediction = prediction.sigmoid()
        if self._predicted and prediction.shape[1] != self._predicted[0].shape[1]:
            return  # another head, called from the same line
        self._predicted.append(prediction)
        self._wanted.append(target)

    @property
    def measure(self) -> str:
        """What :meth:`hits` are shares of."""
        return "R^2" if self._is_of_numbers else "accuracy"

    @property
    def _is_of_numbers(self) -> bool:
        labels = self.function in _LABELS and all(_are_labels(each) for each in self._wanted)
        return not labels and self.function not in _CLASSES

    def answers(self) -> Tensor:
        """By row, the class or the labels that are predicted; numbers as they are."""
        predicted = torch.cat(self._predicted)
        if self._is_of_numbers:
            return predicted
        return predicted.argmax(1, keepdim=True) if self.function in _CLASSES else predicted > 0.5

    def hits(self) -> Tensor:
        """One a row; their mean is the accuracy, of numbers R^2."""
        wanted = torch.cat(self._wanted)
        if self._is_of_numbers:
            spread = ((wanted - wanted.mean(0)) ** 2).sum() / len(wanted)
            return 1 - ((torch.cat(self._predicted) - wanted) ** 2).sum(1) / spread
        return (self.answers() == wanted.reshape(len(wanted), -1)).float().mean(1)

    def score(self) -> float | None:
        """The number; None if there is nothing to tell apart."""
        if not self.rows:
            return None
        predicted, wanted = torch.cat(self._predicted), torch.cat(self._wanted)
        if not bool(torch.isfinite(predicted).all()):
            return WORST
        if self.function in _CLASSES:
            value = _of_classes(predicted, wanted)
        elif self.function in _LABELS and _are_labels(wanted):
            value = _of_labels(predicted, wanted)
        else:
            value = _of_numbers(predicted, wanted)
        return None if value is None else max(WORST, min(1.0, value))


def _are_labels(wanted: Tensor) -> bool:
    return bool(((wanted == 0) | (wanted == 1)).all())


def _log_probabilities(function: str, prediction: Tensor) -> Tensor:
    """What the model says of each class, whether it gives logits, probabilities or their logarithms."""
    if not len(prediction):
        return prediction
    if function == "nll_loss" and _sum_to_one(prediction.exp()):
        return prediction
    if prediction.shape[1] > 1 and bool((prediction >= 0).all()) and _sum_to_one(prediction):
        return prediction.clamp_min(1e-7).log()
    return functional.log_softmax(prediction, 1)


def _sum_to_one(probabilities: Tensor) -> bool:
    return bool((probabilities.sum(1) - 1).abs().max() < 1e-3)


def _of_classes(predicted: Tensor, wanted: Tensor) -> float | None:
    counts = torch.bincount(wanted, minlength=predicted.shape[1])
    present = counts.nonzero().reshape(-1)
    if len(present) < 2:
        return None
    losses = -predicted.gather(1, wanted[:, None]).reshape(-1)
    if len(wanted) / len(present) < _ENOUGH_OF_A_CLASS:
        shares = counts[present] / len(wanted)
        return 1 - float(losses.mean()) / float(-(shares * shares.log()).sum())
    sums = torch.zeros(len(counts)).index_add_(0, wanted, losses)
    return 1 - float((sums[present] / counts[present]).mean()) / math.log(len(present))


def _of_labels(predicted: Tensor, wanted: Tensor) -> float | None:
    losses = functional.binary_cross_entropy(predicted.clamp(0, 1), wanted, reduction="none")
    sides = [losses[wanted == side] for side in (0, 1)]
    if not all(len(side) for side in sides):
        return None
    return 1 - sum(float(side.mean()) for side in sides) / 2 / math.log(2)


def _of_numbers(predicted: Tensor, wanted: Tensor) -> float | None:
    spread = float(((wanted - wanted.mean(0)) ** 2).sum())
    return 1 - float(((predicted - wanted) ** 2).sum()) / spread if spread > 0 else None
