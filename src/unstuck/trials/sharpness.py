"""The largest curvature of the loss, by power iteration.

Gradient descent on a quadratic is stable below 2 / (largest eigenvalue of the Hessian) (Nesterov 2004,
*Introductory Lectures on Convex Optimization*). In deep networks rates of two to three times that may
survive, and it changes while they train (Cohen et al. 2021, *Gradient Descent on Neural Networks
Typically Occurs at the Edge of Stability*).
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

ITERATIONS = 30
CLOSE = 0.01
"""It ends when an iteration changes the eigenvalue by less than this part."""


class Sharpness(NamedTuple):
    """The eigenvalue; one that has not ``settled`` is a lower bound."""

    value: float
    settled: bool


def sharpness(
    loss: Tensor,
    parameters: Sequence[Tensor],
    scales: Sequence[float | Tensor],
    seed: int,
    seconds: float = math.inf,
) -> Sharpness:
    """The largest eigenvalue of the loss's Hessian, in units of the loss per squared parameter.

    Args:
        loss: a scalar with its graph.
        parameters: the leaves that are trained.
        scales: for each, its learning rate as a multiple of the one that is searched for, or one for each of
            its numbers: the Hessian is multiplied by their square roots on both sides, so that 2 / sharpness
            limits that rate.
        seed: of the first direction.
        seconds: when it ends at the latest.

    Raises:
        RuntimeError: the loss is not twice differentiable.
    """
    until = time.monotonic() + seconds
    times = _products(loss, parameters, [scale**0.5 for scale in scales])
    found = _largest(times, parameters, 0.0, seed, until)
    if found.value >= 0:
        return found
    # The largest by size may be negative: moved by as much, the largest of all comes to the front.
    moved = _largest(times, parameters, -found.value, seed, until)
    return Sharpness(moved.value + found.value, moved.settled)


def _products(
    loss: Tensor, parameters: Sequence[Tensor], roots: Sequence[float | Tensor]
) -> Callable[[list[Tensor]], list[Tensor]]:
    slopes = torch.autograd.grad(
        loss, parameters, create_graph=True, allow_unused=True, materialize_grads=True
    )
    # Asked for given leaves, autograd passes over its error node in silence, and that part would be 0.
    if any(name.rpartition(":")[2] == "Error" for name in operations(slopes)):
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


def operations(tensors: Sequence[Tensor]) -> Iterator[str]:
    """The names of autograd's nodes, of all that the tensors are made of."""
    waiting: list[Any] = [tensor.grad_fn for tensor in tensors]
    seen = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node.name()
        waiting += [following for following, _ in node.next_functions]


def _largest(
    times: Callable[[list[Tensor]], list[Tensor]],
    parameters: Sequence[Tensor],
    shift: float,
    seed: int,
    until: float,
) -> Sharpness:
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
            return Sharpness(value, settled=True)
        if time.monotonic() > until:
            break
    return Sharpness(value, settled=False)


def _dot(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    return sum(float((a * b).sum()) for a, b in zip(one, other, strict=True))
