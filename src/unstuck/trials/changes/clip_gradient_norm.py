"""The change of the same name."""

from collections import defaultdict

from torch.optim import Optimizer

from unstuck.trials.changes._norms import FIRST, Threshold, gradients_of, norm_of
from unstuck.trials.replay import NotApplicable, Replay


def clip_gradient_norm(replay: Replay) -> str:
    """At the median norm of the first updates; each optimizer's gradients by themselves."""
    if not replay.optimizers:
        raise NotApplicable("no optimizer was built before the first step")
    thresholds: dict[int, Threshold] = defaultdict(Threshold)

    def clip(optimizer: Optimizer) -> None:
        gradients = gradients_of(optimizer)
        norm = norm_of(gradients)
        limit = thresholds[id(optimizer)].after(norm)
        if norm > limit:
            for gradient in gradients:
                gradient.mul_(limit / norm)

    replay.before_update(clip)
    return f"norm of the gradient clipped at the median of the first {FIRST} updates"
