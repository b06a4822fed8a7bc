"""The experiment of the same name: what is learned from targets that say nothing."""

from dataclasses import replace

import torch

from unstuck.trials.changes._losses import exchange_loss
from unstuck.trials.replay import LossCall, Replay


def shuffled_labels(replay: Replay) -> str:
    """At the loss: the targets of each batch in another order."""
    generator = torch.Generator().manual_seed(replay.seed)

    def shuffled(call: LossCall) -> LossCall | None:
        if not call.target.dim() or len(call.target) < 2:
            return None
        order = torch.randperm(len(call.target), generator=generator)
        return replace(call, target=call.target[order.to(call.target.device)])

    exchange_loss(replay, shuffled, "no loss has the targets of several samples")
    return "targets shuffled within each batch"
