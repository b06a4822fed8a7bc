"""Updates made by another rule than the optimizer's own, in its place and at its rates."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.trials.replay import Replay

Rule = Callable[[Tensor, Tensor, dict[str, Any], float], None]
"""Changes a parameter by its gradient, given its own state and a learning rate."""


def step_by(replay: Replay, rule: Rule, rate: float, present: float) -> None:
    """Let the rule step, and the optimizer find no gradient; schedules go on from ``rate``."""
    states: dict[int, dict[str, Any]] = {}
    hidden: dict[int, list[tuple[Tensor, Tensor]]] = {}

    def step(optimizer: Optimizer) -> None:
        kept = hidden[id(optimizer)] = []
        for group in optimizer.param_groups:
            now = rate * float(group.get("lr", present)) / present
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                kept.append((parameter, parameter.grad))
                gradient = parameter.grad.detach()
                gradient = gradient.to_dense() if gradient.is_sparse else gradient
                with torch.no_grad():
                    parameter.mul_(1 - now * group.get("weight_decay", 0.0))
                    rule(parameter, gradient, states.setdefault(id(parameter), {}), now)
                parameter.grad = None

    def show(optimizer: Optimizer) -> None:
        for parameter, gradient in hidden.pop(id(optimizer), []):
            parameter.grad = gradient

    replay.before_update(step)
    replay.after_update(show)


def adam(parameter: Tensor, gradient: Tensor, state: dict[str, Any], rate: float) -> None:
    """Kingma and Ba 2015, with their constants."""
    step = state["step"] = state.get("step", 0) + 1
    mean = state.setdefault("mean", torch.zeros_like(parameter)).lerp_(gradient, 0.1)
    square = state.setdefault("square", torch.zeros_like(parameter))
    square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
    size = (square / (1 - 0.999**step)).sqrt_().add_(1e-8)
    parameter.addcdiv_(mean / (1 - 0.9**step), size, value=-rate)


def momentum(parameter: Tensor, gradient: Tensor, state: dict[str, Any], rate: float) -> None:
    """Gradient descent with a momentum of .9."""
    velocity = state.setdefault("velocity", torch.zeros_like(parameter)).mul_(0.9).add_(gradient)
    parameter.add_(velocity, alpha=-rate)
