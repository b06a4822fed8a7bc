"""Which classes are predicted, and how often rightly: in validation, and at the end of training."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.observe.session import LossCallEvent, Missing, Root, Session, is_plain
from unstuck.observe.tally import CLASSES
from unstuck.records.finding import Place
from unstuck.records.predictions import Prediction

_SOURCES, _TRAINING_STEPS = 32, 8
# Where the margin between the classes 0 and 1 lies in what the loss is given.
_MARGINS = {"binary_cross_entropy_with_logits": 0.0, "binary_cross_entropy": 0.5}


@dataclass
class _Pass:
    source: str
    place: Place | None
    model: str
    step: int
    counted: Tensor | None = None
    samples: int = 0
    passes: int = 1
    calls: int = 0


class Predictions:
    """Adds up one confusion of truth and prediction for each source; only the newest pass is kept."""

    family = "predictions"
    session: Session

    def __init__(self) -> None:
        self._passes: dict[tuple[Any, ...], _Pass] = {}
        self._classes: dict[int, tuple[int, float | None]] = {}
        self._newest = 0

    def loss_called(self, event: LossCallEvent) -> None:
        """A loss function of a classification, in training at looks and in every validation."""
        margin = _MARGINS.get(event.function)
        if margin is None and event.function not in ("cross_entropy", "nll_loss"):
            return
        prediction, target = event.prediction.detach(), event.target.detach()
        found = _confusion(prediction, target, margin)
        if found is None:
            return
        if event.training:
            self._classes[self._newest] = (found.shape[1], margin)
            if not self.session.looking:
                return
        source = "training" if event.training else "validation"
        self._add((source, *event.place_key), source, event.place, "", found)

    def forwarded(
        self,
        root: Root,
        module: nn.Module,
        arguments: Any,
        keywords: dict[str, Any],
        output: Any,
        grad: bool,
    ) -> None:
        """Outputs without gradients of a model that is trained as a classifier."""
        if grad:
            self._newest = id(module)
            return
        known = self._classes.get(id(module))
        if known is None or not is_plain(output) or not output.is_floating_point():
            return
        classes, margin = known
        if margin is None and output.dim() == 2 and output.shape[1] == classes:
            predicted = output.argmax(1)
        elif margin is not None and output.numel() == len(output):
            predicted = (output.reshape(-1) > margin).long()
        else:
            return
        found = torch.zeros(3, classes, dtype=torch.float64, device=output.device)
        found[1].index_add_(0, predicted, torch.ones_like(predicted, dtype=torch.float64))
        self._add(("outputs", id(module)), "outputs", None, root.name, found)

    def _add(self, key: Any, source: str, place: Place | None, model: str, found: Tensor) -> None:
        step = self.session.step
        known = self._passes.get(key)
        if known is None:
            if len(self._passes) >= _SOURCES:
                return
            known = self._passes[key] = _Pass(source, place, model, step)
        # A validation stands between two updates; of training the newest looks are kept.
        new = step != known.step if source != "training" else known.calls >= _TRAINING_STEPS
        if known.counted is None or new:
            known.passes += known.counted is not None
            known.counted, known.calls = found, 0
        elif known.counted.shape == found.shape:
            known.counted = known.counted + found
        known.step = step
        known.calls += 1

    def facts(self) -> list[Prediction] | Missing:
        """The newest pass of each source."""
        made = [each for each in self._passes.values() if each.counted is not None]
        if not made:
            return Missing("no classification was seen")
        return [_record(each) for each in made]


def _record(known: _Pass) -> Prediction:
    counts, predicted, hits = (
        [[int(n) for n in row] for row in known.counted.tolist()]
        if known.counted is not None
        else [[], [], []]
    )
    truth = known.source != "outputs"
    return {
        "source": known.source,
        "place": known.place,
        "model": known.model,
        "step": known.step,
        "passes": known.passes,
        "samples": sum(predicted),
        "counts": counts if truth else [],
        "predicted": predicted,
        "hits": hits if truth else [],
    }


def _confusion(prediction: Tensor, target: Tensor, margin: float | None) -> Tensor | None:
    """Three rows: how often each class was true, predicted, both; None for several labels a sample."""
    if not prediction.numel() or not prediction.is_floating_point():
        return None
    if margin is None:
        classes = prediction.shape[1] if prediction.dim() > 1 else 0
        if not 1 < classes <= CLASSES or target.is_floating_point():
            return None
        truth, predicted = target.reshape(-1), prediction.argmax(1).reshape(-1)
    else:
        if prediction.shape != target.shape or prediction.numel() != len(prediction):
            return None
        classes = 2
        truth = (target.reshape(-1) > 0.5).long()
        predicted = (prediction.reshape(-1) > margin).long()
    known = ((truth >= 0) & (truth < classes)).double()
    truth = truth.clamp(0, classes - 1)
    found = torch.zeros(3, classes, dtype=torch.float64, device=prediction.device)
    found[0].index_add_(0, truth, known)
    found[1].index_add_(0, predicted, known)
    found[2].index_add_(0, truth, known * (truth == predicted))
    return found
