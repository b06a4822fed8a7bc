"""The loss of the best prediction that ignores the input, from the targets seen.

For cross-entropy it is the entropy of the class frequencies (Cover and Thomas, *Elements of
Information Theory*, ch. 2), for squared error the variance, for absolute error the mean distance
from the median.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from unstuck.observe.session import LossCallEvent
from unstuck.records.loss_calls import Constant

_ENTROPIES = ("cross_entropy", "nll_loss")
_BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
_DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
_ROWS, _COLUMNS = 4096, 64


class ConstantPrediction:
    """Gathers targets and gives the loss of the best constant."""

    def __init__(self, function: str) -> None:
        self._function = function
        self._counts: Tensor | None = None
        self._options: dict[str, Any] = {}
        self._rows: list[Tensor] = []
        self._seen = 0

    def add(self, event: LossCallEvent) -> None:
        """Take note of the targets of one call."""
        self._options = event.options
        target = event.target.detach()
        if self._function in _ENTROPIES:
            self._add_classes(event.prediction, target)
        elif (self._function in _BINARY or self._function in _DISTANCES) and self._seen < _ROWS:
            rows = (
                target.reshape(target.shape[0], -1) if target.dim() > 1 else target.reshape(-1, 1)
            )
            self._rows.append(rows[:512, :_COLUMNS].float().clone())
            self._seen += len(self._rows[-1])

    def _add_classes(self, prediction: Tensor, target: Tensor) -> None:
        classes = prediction.shape[1] if prediction.dim() > 1 else prediction.shape[0]
        if target.is_floating_point():  # class probabilities
            axes = [axis for axis in range(target.dim()) if axis != min(1, target.dim() - 1)]
            counts = target.double().sum(axes) if axes else target.double()
        else:
            flat = target.reshape(-1)
            flat = flat[(flat >= 0) & (flat < classes) & (flat != self._ignored)]
            counts = torch.bincount(flat, minlength=classes).double()
        self._counts = counts if self._counts is None else self._counts + counts

    @property
    def _ignored(self) -> int:
        return int(self._options.get("ignore_index", -100))

    def elements(self, event: LossCallEvent) -> float:
        """How many terms a summed loss adds up."""
        target = event.target
        if self._function in _ENTROPIES and not target.is_floating_point():
            return float(max(1, int((target != self._ignored).sum())))
        if self._function in _ENTROPIES:
            return float(max(1, target.numel() // target.shape[min(1, target.dim() - 1)]))
        return float(max(1, target.numel()))

    def best(self) -> Constant | None:
        """The loss of the best constant; None where it is not known."""
        if self._counts is not None and float(self._counts.sum()) > 0:
            return self._entropy()
        if not self._rows or self._options.get("weight") is not None:
            return None
        widths = {rows.shape[1] for rows in self._rows}
        if len(widths) != 1:
            return None
        rows = torch.cat([rows.cpu() for rows in self._rows])
        return self._binary(rows) if self._function in _BINARY else self._distance(rows)

    def _entropy(self) -> Constant:
        counts = self._counts.cpu() if self._counts is not None else torch.ones(1)
        weight = self._options.get("weight")
        if isinstance(weight, Tensor):
            counts = counts * weight.detach().double().cpu()
        share = counts / counts.sum()
        smoothing = float(self._options.get("label_smoothing", 0.0))
        share = share * (1 - smoothing) + smoothing / len(share)
        entropy = -sum(p * math.log(p) for p in share.tolist() if p > 0)
        classes = int((share > 0).sum())
        even = abs(entropy - math.log(classes)) < 0.01
        what = f"ln {classes}" if even else f"entropy of the frequencies of {classes} classes"
        return {"loss": entropy, "what": what, "targets": int(counts.sum())}

    def _binary(self, rows: Tensor) -> Constant | None:
        if rows.min() < 0 or rows.max() > 1:
            return None
        positive = self._options.get("pos_weight")
        gain = positive.detach().float().cpu() if isinstance(positive, Tensor) else torch.ones(1)
        if gain.numel() not in (1, rows.shape[1]):
            return None
        ones, zeros = rows.mean(0) * gain, 1 - rows.mean(0)
        best = ones / (ones + zeros)
        terms = -(torch.xlogy(ones, best) + torch.xlogy(zeros, 1 - best))
        share = float(rows.mean())
        what = f"targets are 1 in {share:.1%} of the cases"
        return {"loss": float(terms.mean()), "what": what, "targets": len(rows)}

    def _distance(self, rows: Tensor) -> Constant:
        distance = getattr(functional, self._function)
        keywords = {k: v for k, v in self._options.items() if k in ("beta", "delta")}
        candidates = (rows.mean(0), rows.median(0).values)
        losses = [float(distance(c.expand_as(rows), rows, **keywords)) for c in candidates]
        what = "variance of the targets" if self._function == "mse_loss" else "best constant"
        return {"loss": min(losses), "what": what, "targets": len(rows)}
