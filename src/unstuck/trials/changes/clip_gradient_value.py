"""The change of the same name."""

from collections import defaultdict

from torch.optim import Optimizer

from unstuck.trials.changes._norms import FIRST, Threshold, gradients_of, largest_but_tenth
from unstuck.trials.replay import NotApplicable, Replay


def clip_gradient_value(replay: Replay) -> str:
    """Each entry at the size that nine of ten stay below in the first updates."""
    if not replay.optimizers:
        raise NotApplicable("no optimizer was built before the first step")
    thresholds: dict[int, Threshold] = defaultdict(Threshold)

    def clip(optimizer: Optimizer) -> None:
        gradients = gradients_of(optimizer)
        if not gradients:
            return
        limit = thresholds[id(optimizer)].after(largest_but_tenth(gradients))
        for gradient in gradients:
            gradient.clamp_(-limit, limit)

    replay.before_update(clip)
    return f"entries of the gradient clipped at the 90th percentile of the first {FIRST} updates"
