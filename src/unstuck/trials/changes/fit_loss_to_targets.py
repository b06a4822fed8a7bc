"""The change of the same name."""

from dataclasses import replace

from torch import Tensor

from unstuck.trials.changes._losses import DISTANCES, LABELS, exchange_loss
from unstuck.trials.changes._undoing import Undoing, made_by
from unstuck.trials.replay import LossCall, Replay

# As the check of loss-target-mismatch: fewer outputs, and two labels may exclude one another by chance.
_CLASSES = 3


def fit_loss_to_targets(replay: Replay) -> str:
    """At the loss: the one that the kind of targets asks for.

    Classes that exclude one another: cross-entropy. Sets of labels, and yes or no: binary cross-entropy.
    Its targets are brought between 0 and 1. The kind is that of the first batch.
    """
    kinds: dict[str, str] = {}
    bounds: dict[str, tuple[float, float]] = {}

    def fitted(call: LossCall) -> LossCall | None:
        key = f"{call.function} {tuple(call.target.shape[1:])}"
        if key not in kinds:
            kinds[key] = _kind(call)
            bounds[key] = _bounds(call.target)
        return _fitted(call, kinds[key], *bounds[key])

    reason = "the loss fits the targets, or the layer has too few outputs for another one"
    exchange_loss(replay, fitted, reason)
    Undoing().stay(replay.models)
    return "the loss that fits the kind of the targets"


def _kind(call: LossCall) -> str:
    target, same = call.target, call.prediction.shape == call.target.shape
    wide = same and target.dim() == 2 and target.shape[1] >= _CLASSES
    if call.function in LABELS and bool(((target < 0) | (target > 1)).any()):
        return "bounded"
    if call.function in (*LABELS, *DISTANCES) and wide and _has_one_each(target):
        return "classes"
    if call.function == "cross_entropy" and same and target.dim() == 2 and _has_several(target):
        return "labels"
    if call.function in DISTANCES and same and bool(((target == 0) | (target == 1)).all()):
        return "labels"
    return ""


def _fitted(call: LossCall, kind: str, low: float, high: float) -> LossCall | None:
    target = call.target
    options = {name: value for name, value in call.options.items() if name == "reduction"}
    if kind == "bounded":
        return replace(call, target=((target - low) / (high - low)).clamp(0, 1))
    if kind == "classes":
        return LossCall("cross_entropy", _logits(call), target.argmax(1), options)
    if kind == "labels":
        labels = (target > 0).to(call.prediction.dtype)
        return LossCall("binary_cross_entropy_with_logits", _logits(call), labels, options)
    return None


def _logits(call: LossCall) -> Tensor:
    """What the output was before sigmoid or softmax; of a sigmoid that was not seen, its inverse."""
    made = made_by(call.prediction)
    if made is not None and made.name in ("sigmoid", "sigmoid_", "softmax", "log_softmax"):
        return made.before
    return call.prediction.logit(1e-6) if call.function == LABELS[0] else call.prediction


def _bounds(target: Tensor) -> tuple[float, float]:
    low, high = float(target.min()), float(target.max())
    return low, high if high > low else low + 1


def _has_one_each(target: Tensor) -> bool:
    zero_or_one = bool(((target == 0) | (target == 1)).all())
    return zero_or_one and bool((target.sum(1) == 1).all())


def _has_several(target: Tensor) -> bool:
    """Rows with several labels, each an exact 1 or an even part; soft targets are not even."""
    largest = target.amax(1, keepdim=True)
    even = bool(((target == 0) | ((target - largest).abs() < 1e-6)).all())
    return even and float(((target > 0).sum(1) > 1).float().mean()) >= 0.1
