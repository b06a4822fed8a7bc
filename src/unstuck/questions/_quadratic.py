"""Gradient descent where everything can be computed: linear regression on scikit-learn's diabetes data."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unstuck.questions._data import shuffled

ROWS = 354
"""Of the 442, another four fifths with every seed."""

BISECTIONS = 20
"""They leave of the range below a factor of 1 + 2e-5."""

LOWEST, HIGHEST = 1e-3, 1e6


@dataclass(frozen=True)
class Quadratic:
    """Half the mean squared error of a linear model without intercept, one a seed.

    The loss is w H w / 2 - s w + constant, with H = ``hessian`` (seeds, inputs, inputs) and
    s = ``slope`` (seeds, 1, inputs).
    """

    hessian: Tensor
    slope: Tensor

    @property
    def curvatures(self) -> Tensor:
        """The eigenvalues of the Hessian (seeds, inputs), the largest last."""
        values: Tensor = torch.linalg.eigvalsh(self.hessian)
        return values

    @property
    def best(self) -> Tensor:
        """The weights with the lowest loss (seeds, 1, inputs)."""
        weights: Tensor = torch.linalg.solve(self.hessian, self.slope, left=False)
        return weights

    def above(self, weights: Tensor) -> Tensor:
        """What is left of the achievable loss: 1 with zero weights, 0 with the best ones."""
        best = self.best
        away = weights - best
        left = ((away @ self.hessian) * away).sum(-1)
        return left / ((best @ self.hessian) * best).sum(-1)

    def descend(self, weights: Tensor, rates: Tensor) -> Tensor:
        """One step of full-batch gradient descent; weights (seeds, arms, inputs), rates (seeds, arms)."""
        return weights - rates[..., None] * (weights @ self.hessian - self.slope)

    def zeros(self, arms: int) -> Tensor:
        """Where all begin."""
        return self.slope.new_zeros(len(self.slope), arms, self.slope.shape[-1])


def diabetes(seeds: Sequence[int], scale: float = 1.0) -> Quadratic:
    """The ten standardised inputs as shipped, times ``scale``, and the raw targets."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    rows = shuffled(len(x), seeds)[:, :ROWS]
    inputs, targets = scale * torch.tensor(x[rows]), torch.tensor(y[rows])
    hessian = inputs.mT @ inputs / ROWS
    return Quadratic(hessian, targets[:, None, :] @ inputs / ROWS)


def left_after(quadratic: Quadratic, rates: Tensor, steps: int) -> Tensor:
    """What is left of the achievable loss after so many steps (seeds, arms); huge if it diverged."""
    weights = quadratic.zeros(rates.shape[1])
    for _ in range(steps):
        weights = quadratic.descend(weights, rates)
    return quadratic.above(weights).nan_to_num(torch.inf)


def steps_to(quadratic: Quadratic, rates: Tensor, left: float, most: int) -> Tensor:
    """Steps until no more than ``left`` is left, (seeds, arms); ``most`` where that never happens."""
    weights = quadratic.zeros(rates.shape[1])
    needed = torch.full(rates.shape, most)
    for step in range(1, most):
        weights = quadratic.descend(weights, rates)
        arrived = quadratic.above(weights) <= left
        needed = torch.where(arrived & (needed == most), step, needed)
    return needed


def largest_rate(quadratic: Quadratic, steps: int = 1000) -> Tensor:
    """The rate above which descent diverges (seeds,), found by trying: bisection on a log scale."""
    seeds = len(quadratic.slope)
    low, high = (torch.full((seeds, 1), end).double().log() for end in (LOWEST, HIGHEST))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        stable = left_after(quadratic, middle.exp(), steps) < 1
        low, high = torch.where(stable, middle, low), torch.where(stable, high, middle)
    return low.exp().squeeze(1)
