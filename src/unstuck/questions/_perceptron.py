"""Rosenblatt's perceptron on many problems at once, and what it is given: q14."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor


def perceptron(
    x: Tensor, y: Tensor, epochs: int, draws: Sequence[torch.Generator]
) -> Iterator[tuple[Tensor, Tensor]]:
    """After each example the weights (problems, features) and who was wrong (problems,).

    ``x`` is (problems, rows, features), ``y`` (problems, rows) of 1 and -1. Weights begin at zero; those
    that are not on the right side get the example, times its class, added. Every epoch has a new order.
    """
    which, weights = torch.arange(len(x)), torch.zeros_like(x[:, 0])
    for _ in range(epochs):
        orders = torch.stack([torch.randperm(x.shape[1], generator=draw) for draw in draws])
        for row in orders.T:
            signed = x[which, row] * y[which, row, None]
            wrong = (weights * signed).sum(1) <= 0
            weights = weights + wrong[:, None] * signed
            yield weights, wrong


def with_one(x: Tensor) -> Tensor:
    """The features and a 1, whose weight is the bias."""
    return torch.cat([x, torch.ones_like(x[..., :1])], -1)


def with_product(x: Tensor) -> Tensor:
    """The features, a 1, and the product of all features."""
    return torch.cat([with_one(x), x.prod(-1, keepdim=True)], -1)


def with_products(x: Tensor) -> Tensor:
    """The features, a 1, and the products of each two features, squares included."""
    one, other = torch.triu_indices(x.shape[-1], x.shape[-1])
    return torch.cat([with_one(x), x[..., one] * x[..., other]], -1)


def right(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Accuracy (problems,)."""
    outputs = torch.bmm(x, weights[:, :, None])[..., 0]
    return (outputs * y > 0).double().mean(1)


def per_epoch(wrong: Iterable[Tensor], epochs: int) -> Tensor:
    """Mistakes (epochs, problems)."""
    each = torch.stack(list(wrong)).double()
    return each.view(epochs, -1, each.shape[1]).sum(1)


def patterns_of(inputs: int) -> Tensor:
    """All of 1 and -1."""
    return torch.tensor(list(product((-1.0, 1.0), repeat=inputs)), dtype=torch.float64)


def margin_and_bound(x: Tensor, y: Tensor) -> tuple[float, float]:
    """The largest margin of a plane through the origin, and Novikoff's bound of the mistakes."""
    from sklearn.svm import SVC

    signed = (x * y[:, None]).numpy()
    both = np.concatenate([signed, -signed])  # so that the best plane has no bias of its own
    svm = SVC(kernel="linear", C=1e8, tol=1e-6).fit(both, np.repeat([1, -1], len(signed)))
    margin = (signed @ svm.coef_[0]).min() / np.linalg.norm(svm.coef_[0])
    return float(margin), float((np.linalg.norm(signed, axis=1).max() / margin) ** 2)
