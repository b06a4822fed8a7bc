"""How often each class occurs in the first batches."""

import torch
from torch import Tensor

from unstuck.trials.changes._losses import CLASSES, LABELS
from unstuck.trials.replay import LossCall

BATCHES = 10
"""After as many the counts stay: enough rows, and early enough to matter in a hundred steps."""


class Frequencies:
    """Counts of one loss; of classes, or of no and yes in each column."""

    def __init__(self) -> None:
        self.counts: Tensor | None = None
        self._batches = 0

    def add(self, call: LossCall) -> Tensor | None:
        """Count a batch; the counts so far, classes first, None if it has no classes."""
        new = _count(call)
        if new is None or (self.counts is not None and new.shape != self.counts.shape):
            return None
        if self._batches < BATCHES:
            self.counts = new if self.counts is None else self.counts + new
            self._batches += 1
        return self.counts


def _count(call: LossCall) -> Tensor | None:
    target = call.target.detach()
    if call.function in CLASSES and not target.is_floating_point():
        classes = call.prediction.shape[1 if call.prediction.dim() > 1 else 0]
        kept = target[(target >= 0) & (target != call.options.get("ignore_index", -100))]
        return torch.bincount(kept.reshape(-1), minlength=classes).float()
    if call.function in LABELS and bool(((target == 0) | (target == 1)).all()):
        columns = target.float().reshape(len(target), -1) if target.dim() > 1 else target[:, None]
        yes = columns.float().sum(0)
        return torch.stack([len(columns) - yes, yes])
    return None
