"""Tensors in what a model is called with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from unstuck.trials.changes._watching import is_alike
from unstuck.trials.replay import Replay

Exchange = Callable[[int, Tensor], Tensor]
"""The place among the inputs, and the tensor there; another tensor for it."""


def numbers_in(arguments: Any, keywords: Any) -> dict[int, Tensor]:
    """The tensors of real numbers with several entries, by their place."""
    leaves, _ = tree_flatten((tuple(arguments), dict(keywords)))
    return {
        at: leaf
        for at, leaf in enumerate(leaves)
        if isinstance(leaf, Tensor) and leaf.is_floating_point() and leaf.dim() and leaf.numel() > 1
    }


def in_rows(arguments: Any, keywords: Any) -> Tensor | None:
    """All real numbers of each sample in a row; None if there are none, or not as many samples everywhere."""
    tensors = list(numbers_in(arguments, keywords).values())
    if not tensors or any(len(each) != len(tensors[0]) for each in tensors):
        return None
    return torch.cat([each.reshape(len(each), -1).to(tensors[0]) for each in tensors], 1)


def exchange_numbers(
    arguments: tuple[Any, ...], keywords: dict[str, Any], exchange: Exchange
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments with other numbers in them."""
    leaves, shape = tree_flatten((tuple(arguments), dict(keywords)))
    for at, tensor in numbers_in(arguments, keywords).items():
        leaves[at] = exchange(at, tensor)
    changed: tuple[tuple[Any, ...], dict[str, Any]] = tree_unflatten(leaves, shape)
    return changed


def exchange_inputs(replay: Replay, exchange: Exchange) -> None:
    """Exchange the numbers that the model, or a copy of it, is called with."""
    model = replay.model

    def change(
        module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if not is_alike(module, model):
            return arguments, keywords
        return exchange_numbers(arguments, keywords, exchange)

    replay.change_inputs(change)
