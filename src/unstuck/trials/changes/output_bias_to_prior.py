"""The change of the same name."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from unstuck.trials.changes._frequencies import Frequencies
from unstuck.trials.changes._losses import CLASSES, exchange_loss, is_trained_on
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import LossCall, NotApplicable, Replay


def output_bias_to_prior(replay: Replay) -> str:
    """The output bias begins at the logarithm of the class frequencies of the first ten batches.

    The predictions under way are shifted by as much as the bias, so that this holds from the first on.
    """
    structure = structure_of(replay)
    layer = structure.last_layer()
    features = layer.features
    found = [p for p in structure.weights_of(layer) if p.dim() == 1 and len(p) == features]
    if not found:
        raise NotApplicable("the last layer has no bias")
    moved = _Prior(found[-1])
    exchange_loss(
        replay, moved.exchange, "no loss compares classes with the output of the last layer"
    )
    return "output bias at the logarithm of the class frequencies"


class _Prior:
    """The bias, and how far it was moved because of the frequencies."""

    def __init__(self, bias: nn.Parameter) -> None:
        self._bias = bias
        self._frequencies = Frequencies()
        self._prior: Tensor | None = None

    def exchange(self, call: LossCall) -> LossCall | None:
        """Move the bias, and the logits that were made before it was moved."""
        classes = call.prediction.shape[1] if call.prediction.dim() > 1 else 1
        if classes != len(self._bias) or not is_trained_on(call):
            return None
        counts = self._frequencies.add(call)
        if counts is None:
            return None
        prior = _prior(call, counts).to(self._bias)
        shift = prior - (self._bias.detach() if self._prior is None else self._prior)
        self._prior = prior
        self._bias.data.add_(shift)
        return replace(call, prediction=_shifted(call, shift))


def _prior(call: LossCall, counts: Tensor) -> Tensor:
    """Logarithms, one sample more of each class; for yes and no the log-odds."""
    logarithms = (counts + 1).log() - (counts + 1).sum(0).log()
    return logarithms if call.function in CLASSES else logarithms[1] - logarithms[0]


def _shifted(call: LossCall, shift: Tensor) -> Tensor:
    given = call.prediction
    across = shift.reshape([1, -1] + [1] * (given.dim() - 2)) if given.dim() > 1 else shift
    if call.function == "nll_loss":
        return functional.log_softmax(given + across, 1 if given.dim() > 1 else 0)
    if call.function == "binary_cross_entropy":
        return torch.sigmoid(given.logit(1e-7) + across)
    return given + across
