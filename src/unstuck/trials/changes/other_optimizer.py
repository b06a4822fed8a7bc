"""The change of the same name."""

from torch.optim import LBFGS, SGD

from unstuck.trials.changes._rates import present_rate
from unstuck.trials.changes._stepping import adam, momentum, step_by
from unstuck.trials.replay import NotApplicable, Replay

_ADAM, _SGD = 1e-3, 1e-2
"""The usual first choices of the learning rate."""


def other_optimizer(replay: Replay) -> str:
    """Adam instead of gradient descent; gradient descent with momentum instead of all others."""
    present = present_rate(replay)
    if any(isinstance(optimizer, LBFGS) for optimizer in replay.optimizers):
        raise NotApplicable("LBFGS calls the model several times for an update")
    old = type(replay.optimizers[0]).__name__
    if isinstance(replay.optimizers[0], SGD):
        step_by(replay, adam, _ADAM, present)
        return f"Adam (learning rate {_ADAM}) instead of {old} ({present:.3g})"
    step_by(replay, momentum, _SGD, present)
    return f"SGD (learning rate {_SGD}, momentum 0.9) instead of {old} ({present:.3g})"
