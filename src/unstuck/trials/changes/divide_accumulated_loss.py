"""The change of the same name."""

from collections import Counter

from torch import Tensor
from torch.optim import Optimizer

from unstuck.trials.changes._parameters import parameters_of
from unstuck.trials.replay import NotApplicable, Replay


def divide_accumulated_loss(replay: Replay) -> str:
    """Each backward pass adds its gradient divided by the number of passes for an update.

    How many there are shows at the first update, which is divided then.
    """
    if not replay.optimizers:
        raise NotApplicable("no optimizer was built before the first step")
    for optimizer in replay.optimizers:
        _Windows(optimizer).watch(replay)
    return "gradients divided by the number of backward passes for an update"


class _Windows:
    """The backward passes between two updates of an optimizer."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._passes: Counter[int] = Counter()
        self._divided_by = 1
        self._updates = 0

    def watch(self, replay: Replay) -> None:
        """Begin."""
        for parameter in parameters_of(self._optimizer):
            if parameter.requires_grad:
                parameter.register_hook(self._divide)  # type: ignore[no-untyped-call]
                parameter.register_post_accumulate_grad_hook(self._count)  # type: ignore[no-untyped-call]
        replay.before_update(self._update)

    def _divide(self, gradient: Tensor) -> Tensor:
        return gradient / self._divided_by

    def _count(self, parameter: Tensor) -> None:
        self._passes[id(parameter)] += 1

    def _update(self, optimizer: Optimizer) -> None:
        if optimizer is not self._optimizer or not self._passes:
            return
        passes = max(self._passes.values())
        self._updates += 1
        # The first window may be shorter: `if i % 4 == 0` is true at once.
        if self._updates == 2 and passes == self._divided_by == 1:
            raise NotApplicable("there is one backward pass for each update")
        for parameter in parameters_of(optimizer):
            if parameter.grad is not None and passes != self._divided_by:
                parameter.grad.mul_(self._divided_by / passes)
        self._divided_by = passes
        self._passes.clear()
