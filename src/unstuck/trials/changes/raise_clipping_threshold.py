"""The change of the same name."""

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import clip_grad
from torch.optim import Optimizer

from unstuck.trials.changes._norms import Threshold
from unstuck.trials.replay import NotApplicable, Replay


def raise_clipping_threshold(replay: Replay) -> str:
    """The script's own clipping: by norm at the 90th percentile of the first norms, by value not at all."""
    called = [0]
    by_norm, by_value = clip_grad.clip_grad_norm_, clip_grad.clip_grad_value_
    _exchange(by_norm, _raised(by_norm, called))
    _exchange(by_value, _switched_off(by_value, called))

    def at_update(_: Optimizer) -> None:
        if not called[0]:
            raise NotApplicable("the script clips no gradient")

    replay.before_update(at_update)
    return "clipping of norms at the 90th percentile of the first 10, of values not at all"


def _raised(original: Callable[..., Any], called: list[int]) -> Callable[..., Any]:
    plain, threshold = inspect.unwrap(original), Threshold(0.9)

    @functools.wraps(original)
    def clip_grad_norm_(parameters: Any, max_norm: float, *arguments: Any, **keywords: Any) -> Any:
        called[0] += 1
        given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
        norm = plain(given, float("inf"), *arguments, **keywords)
        plain(given, max(float(max_norm), threshold.after(float(norm))), *arguments, **keywords)
        return norm

    return clip_grad_norm_


def _switched_off(original: Callable[..., Any], called: list[int]) -> Callable[..., Any]:
    @functools.wraps(original)
    def clip_grad_value_(*_: Any, **__: Any) -> None:
        called[0] += 1

    return clip_grad_value_


def _exchange(original: Callable[..., Any], other: Callable[..., Any]) -> None:
    """Wherever a module has it, under whatever name: scripts import it by name."""
    known = {id(original), id(inspect.unwrap(original))}
    for module in [clip_grad, nn.utils, *sys.modules.values()]:
        names = getattr(module, "__dict__", {})
        for name in [name for name, value in list(names.items()) if id(value) in known]:
            names[name] = other
