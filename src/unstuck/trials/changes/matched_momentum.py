"""The experiment of the same name: momentum, at a rate with which a gradient acts as much in all."""

from torch.optim import SGD, Optimizer

from unstuck.trials.changes._rates import present_rate, scale_rates
from unstuck.trials.replay import NotApplicable, Replay

_MOMENTUM = 0.9


def matched_momentum(replay: Replay) -> str:
    """Gradient descent with momentum instead of without, or without instead of with.

    Each gradient acts 1 / (1 - momentum) times in the end: by that the rate is divided, or multiplied.
    """
    rate = present_rate(replay)
    if not all(type(optimizer) is SGD for optimizer in replay.optimizers):
        raise NotApplicable("momentum belongs to gradient descent")
    before = float(replay.optimizers[0].param_groups[0]["momentum"])
    after = 0.0 if before else _MOMENTUM
    factor = (1 - after) / (1 - before)

    def exchange(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            group.update(momentum=after, nesterov=False, dampening=0)

    replay.on_optimizer(exchange)
    scale_rates(replay, lambda _: factor)
    return f"momentum {after:g}, rate {rate * factor:.3g}"
