"""The change of the same name."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.trials.changes._watching import Function, Watching
from unstuck.trials.replay import NotApplicable, Replay

_LEAST = {torch.float16: 1e-4}
"""1e-8 is no number of half precision, whose smallest normal one is 6e-5."""
_FROM_ZERO = {"log", "log2", "log10", "sqrt", "rsqrt"}
_INVERSES = {"reciprocal", "__rdiv__", "__rtruediv__"}
_QUOTIENTS = {"div", "__truediv__", "true_divide"}


def keep_in_domain(replay: Replay) -> str:
    """Logarithms, roots and denominators on the way to the loss stay 1e-8 away from zero."""
    mode = _Keeping()

    def at_update(_: Optimizer) -> None:
        if not mode.kept:
            raise NotApplicable("the script itself takes no logarithm, root or quotient")

    replay.before_update(at_update)
    mode.stay(replay.models)
    return "what enters log, sqrt and division kept 1e-8 away from 0"


class _Keeping(Watching):
    def __init__(self) -> None:
        super().__init__()
        self.kept = False

    def called(
        self, name: str, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> Any:
        if name in _FROM_ZERO and arguments and _is_learned(arguments[0]):
            self.kept = True
            given = arguments[0].clamp_min(_least(arguments[0]))
            return function(given, *arguments[1:], **keywords)
        if name in _QUOTIENTS and len(arguments) > 1 and _is_learned(arguments[1]):
            self.kept = True
            return function(arguments[0], _away(arguments[1]), *arguments[2:], **keywords)
        if name in _INVERSES and arguments and _is_learned(arguments[0]):
            self.kept = True
            return function(_away(arguments[0]), *arguments[1:], **keywords)
        return function(*arguments, **keywords)


def _is_learned(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and torch.is_grad_enabled()


def _least(tensor: Tensor) -> float:
    return _LEAST.get(tensor.dtype, 1e-8)


def _away(tensor: Tensor) -> Tensor:
    least = _least(tensor)
    return torch.where(tensor.abs() < least, torch.full_like(tensor, least), tensor)
