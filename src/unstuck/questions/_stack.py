"""Many small nets trained at once: arms x seeds as one stack of batched matrix products.

A step of a small net is nearly all Python; 33 nets in one stack cost little more than one. Arms of one
seed share the start and the order of the data, so that they differ in one thing only.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, draws_of

Act = Callable[[Tensor], Tensor]


class Stack:
    """Multi-layer perceptrons for ``arms`` x ``seeds``, in this order along the first axis.

    ``weights[k]`` is (arms * seeds, inputs, outputs), ``biases[k]`` (arms * seeds, 1, outputs). They
    begin He-normal (Glorot-like gain 1 in the last layer) with biases zero, and equal in all arms.
    """

    def __init__(
        self,
        widths: Sequence[int],
        seeds: Sequence[int],
        arms: int = 1,
        act: Act = torch.relu,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.arms, self.seeds, self.act = arms, tuple(seeds), act
        draws = draws_of(seeds)
        self.weights: list[Tensor] = []
        self.biases: list[Tensor] = []
        last = len(widths) - 2
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            scale = math.sqrt((1 if layer == last else 2) / fan_in)
            drawn = [torch.randn(fan_in, fan_out, generator=draw, dtype=dtype) for draw in draws]
            self.weights.append((scale * torch.stack(drawn)).repeat(arms, 1, 1))
            self.biases.append(torch.zeros(arms * len(draws), 1, fan_out, dtype=dtype))
        for parameter in self.parameters:
            parameter.requires_grad_()

    @property
    def parameters(self) -> list[Tensor]:
        """All that is trained."""
        return [*self.weights, *self.biases]

    def arm(self, tensor: Tensor, arm: int) -> Tensor:
        """The part of one arm of a tensor with the stack's first axis: a view to read or set."""
        return tensor.detach().view(self.arms, len(self.seeds), *tensor.shape[1:])[arm]

    def __call__(self, x: Tensor) -> Tensor:
        """Outputs (arms * seeds, rows, outputs) of inputs (seeds, rows, inputs)."""
        x = x.repeat(self.arms, 1, 1)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            if layer < len(self.weights) - 1:
                x = self.hidden(layer, x)
        return x

    def hidden(self, layer: int, x: Tensor) -> Tensor:
        """What follows the linear part of a hidden layer."""
        return self.act(x)


def cross_entropy(outputs: Tensor, y: Tensor) -> Tensor:
    """The mean loss of each net (nets,), of outputs (nets, rows, classes) and targets (seeds, rows)."""
    nets, rows, classes = outputs.shape
    targets = y.repeat(nets // len(y), 1).reshape(-1)
    losses = F.cross_entropy(outputs.reshape(-1, classes), targets, reduction="none")
    return losses.view(nets, rows).mean(1)


def accuracy(net: Stack, x: Tensor, y: Tensor) -> Tensor:
    """The share of right answers (arms, seeds)."""
    with torch.no_grad():
        right = net(x).argmax(2) == y.repeat(net.arms, 1)
    return right.float().mean(1).view(net.arms, -1)


@dataclass(frozen=True)
class Batches:
    """Shuffled batches (seeds, size, ...) of each seed's own order; a last partial one is left out."""

    data: Data
    size: int
    epochs: int
    seeds: Sequence[int]

    def __len__(self) -> int:
        return self.epochs * (self.data.rows // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        data, draws = self.data, draws_of(self.seeds, 1000)
        which = torch.arange(len(draws))[:, None]
        for _ in range(self.epochs):
            orders = torch.stack([torch.randperm(data.rows, generator=draw) for draw in draws])
            for start in range(0, data.rows - self.size + 1, self.size):
                part = orders[:, start : start + self.size]
                yield data.x[which, part], data.y[which, part]


def falling(steps: int) -> list[float]:
    """Of a rate what is left at each step, if it falls evenly to 0."""
    return [1 - step / steps for step in range(steps)]


class Sgd:
    """Gradient descent with a rate of its own for each net: ``rates`` (arms * seeds,) or one number."""

    def __init__(self, net: Stack, rates: Tensor | float, momentum: float = 0.0) -> None:
        self.parameters, self.momentum = net.parameters, momentum
        self.rates = torch.as_tensor(rates, dtype=net.weights[0].dtype).reshape(-1, 1, 1)
        self.speeds = [torch.zeros_like(each) for each in self.parameters]

    def step(self, losses: Tensor, factor: float = 1.0) -> None:
        """One update, of the loss of each net (nets,); nets do not touch each other."""
        slopes = torch.autograd.grad(losses.sum(), self.parameters)
        with torch.no_grad():
            for each, slope, speed in zip(self.parameters, slopes, self.speeds, strict=True):
                speed.mul_(self.momentum).add_(slope)
                each.sub_(factor * self.rates * speed)


class Adam:
    """Kingma & Ba 2015, with a rate of its own for each net."""

    def __init__(
        self, net: Stack, rates: Tensor | float, betas: tuple[float, float] = (0.9, 0.999)
    ) -> None:
        self.parameters, self.betas, self.count = net.parameters, betas, 0
        self.rates = torch.as_tensor(rates, dtype=net.weights[0].dtype).reshape(-1, 1, 1)
        self.means = [torch.zeros_like(each) for each in self.parameters]
        self.squares = [torch.zeros_like(each) for each in self.parameters]

    def step(self, losses: Tensor, factor: float = 1.0) -> None:
        """One update, of the loss of each net (nets,)."""
        slopes = torch.autograd.grad(losses.sum(), self.parameters)
        self.count += 1
        first, second = (1 - beta**self.count for beta in self.betas)
        with torch.no_grad():
            state = zip(self.parameters, slopes, self.means, self.squares, strict=True)
            for each, slope, mean, square in state:
                mean.lerp_(slope, 1 - self.betas[0])
                square.mul_(self.betas[1]).addcmul_(slope, slope, value=1 - self.betas[1])
                each.sub_(factor * self.rates * (mean / first) / ((square / second).sqrt() + 1e-8))


def per_arm(values: Sequence[float], seeds: Sequence[int]) -> Tensor:
    """One number an arm, repeated for its seeds: (arms * seeds,)."""
    return torch.tensor(values).repeat_interleave(len(seeds))
