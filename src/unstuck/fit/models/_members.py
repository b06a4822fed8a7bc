"""Several nets of one kind, each trained on other rows: their mean answer is better than any one's.

Source: Breiman 1996, *Bagging predictors*; Lakshminarayanan et al. 2017, *Deep ensembles*.
"""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn


class Members(nn.Module):
    """Logits (rows, outputs) of the mean of the members' probabilities, or the mean of their quantities."""

    def __init__(self, nets: Iterable[nn.Module], loss: str) -> None:
        super().__init__()
        self.nets, self.loss = nn.ModuleList(nets), loss

    def forward(self, *inputs: Tensor) -> Tensor:
        """Of the same inputs to each member."""
        outputs = torch.stack([net(*inputs) for net in self.nets])
        # In double precision: a row's answer shall not depend on its place among others.
        return self._mean(outputs.double()).to(outputs.dtype)

    def _mean(self, outputs: Tensor) -> Tensor:
        if self.loss == "squared error":
            return outputs.mean(0)
        if self.loss == "cross-entropy":
            return _log_mean(F.log_softmax(outputs, 2))
        return _log_mean(F.logsigmoid(outputs)) - _log_mean(F.logsigmoid(-outputs))


def _log_mean(logs: Tensor) -> Tensor:
    """The logarithm of the mean over members (members, rows, outputs)."""
    return logs.logsumexp(0) - math.log(len(logs))
