"""What the loss functions are called with, exchanged."""

from collections.abc import Callable

from torch.optim import Optimizer

from unstuck.trials.replay import LossCall, NotApplicable, Replay

CLASSES = ("cross_entropy", "nll_loss")
LABELS = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

Exchange = Callable[[LossCall], LossCall | None]


def exchange_loss(replay: Replay, exchange: Exchange, reason: str) -> None:
    """Exchange every call that ``exchange`` has an answer to; if none before the first update, say why."""
    exchanged = False

    def at_loss(call: LossCall) -> LossCall:
        nonlocal exchanged
        other = exchange(call)
        exchanged = exchanged or other is not None
        return other or call

    def at_update(_: Optimizer) -> None:
        if not exchanged:
            raise NotApplicable(reason)

    replay.change_loss(at_loss)
    replay.before_update(at_update)


def is_trained_on(call: LossCall) -> bool:
    """Whether the call is one that a backward pass may follow."""
    return call.prediction.requires_grad
