"""The largest curvature of the loss, by power iteration.

Gradient descent on a quadratic is stable below 2 / (largest eigenvalue of the Hessian) (Nesterov 2004,
*Introductory Lectures on Convex Optimization*). In deep networks rates of two to three times that may
survive, and it changes while they train (Cohen et al. 2021, *Gradient Descent on Neural Networks
Typically Occurs at the Edge of Stability*).
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

ITERATIONS = 30
CLOSE = 0.01
"""It ends when an iteration changes the eigenvalue by less than this part."""


def sharpness(
    loss: Tensor, parameters: Sequence[Tensor], scales: Sequence[float], seed: int
) -> float:
    """The largest eigenvalue of the loss's Hessian, in units of the loss per squared parameter.

    Args:
        loss: a scalar with its graph.
        parameters: the leaves that are trained.
        scales: for each, its learning rate as a multiple of the one that is searched for: the Hessian is
            multiplied by their square roots on both sides, so that 2 / sharpness limits that rate.
        seed: of the first direction.

    Raises:
        RuntimeError: the loss is not twice differentiable.
    """
    times = _products(loss, parameters, [scale**0.5 for scale in scales])
    value = _largest(times, parameters, 0.0, seed)
    # The largest by size may be negative: moved by as much, the largest of all comes to the front.
    return value if value >= 0 else _largest(times, parameters, -value, seed) + value


def _products(
    loss: Tensor, parameters: Sequence[Tensor], roots: Sequence[float]
) -> Callable[[list[Tensor]], list[Tensor]]:
    slopes = torch.autograd.grad(
        loss, parameters, create_graph=True, allow_unused=True, materialize_grads=True
    )
    if _differentiable_once(slopes):
        raise RuntimeError("a function in it forbids it")

    def times(direction: list[Tensor]) -> list[Tensor]:
        pairs = zip(slopes, direction, roots, strict=True)
        along = sum(((slope * (root * part)).sum() for slope, part, root in pairs), torch.zeros(()))
        if not along.requires_grad:
            return [torch.zeros_like(part) for part in direction]
        found = torch.autograd.grad(
            along, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return [root * part.detach() for root, part in zip(roots, found, strict=True)]

    return times


def _differentiable_once(slopes: Sequence[Tensor]) -> bool:
    """Whether a gradient ends in autograd's error node: asked for given leaves, it is passed over in
    silence and its part of the curvature is 0."""
    waiting: list[Any] = [slope.grad_fn for slope in slopes]
    seen = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        if node.name().rpartition(":")[2] == "Error":
            return True
        seen.add(node)
        waiting += [following for following, _ in node.next_functions]
    return False


def _largest(
    times: Callable[[list[Tensor]], list[Tensor]],
    parameters: Sequence[Tensor],
    shift: float,
    seed: int,
) -> float:
    generator = torch.Generator().manual_seed(seed)
    direction = [torch.randn(p.shape, generator=generator).to(p) for p in parameters]
    value = 0.0
    for _ in range(ITERATIONS):
        length = _dot(direction, direction) ** 0.5
        if not 0 < length < float("inf"):
            break
        direction = [part / length for part in direction]
        product = [b + shift * a for a, b in zip(direction, times(direction), strict=True)]
        before, value = value, _dot(direction, product)
        direction = product
        if abs(value - before) <= CLOSE * abs(value):
            break
    return value


def _dot(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    return sum(float((a * b).sum()) for a, b in zip(one, other, strict=True))
