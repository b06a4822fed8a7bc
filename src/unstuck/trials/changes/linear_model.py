"""The change of the same name."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_flatten, tree_unflatten

from unstuck.trials.changes._draws import own_draws
from unstuck.trials.changes._inputs import numbers_in
from unstuck.trials.changes._parameters import clear, give
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.changes._watching import tensors_in
from unstuck.trials.replay import NotApplicable, Replay

_LARGEST = 50_000_000
"""Numbers of the linear map."""


def linear_model(replay: Replay) -> str:
    """A linear map of the flattened inputs, from zero, in place of what the model returns.

    The script's optimizer trains it: at its rates, and nothing else, as the model gets no gradient.
    """
    output = structure_of(replay).output
    given = _flat(replay.arguments, replay.keywords)
    outputs = [each for each in tensors_in(output) if each.is_floating_point()]
    if given is None or not outputs:
        raise NotApplicable("inputs or outputs of the model are not tensors of real numbers")
    if any(not each.dim() or len(each) != len(given) for each in outputs):
        raise NotApplicable("the model does not return a row for each sample")
    sizes = [each[0].numel() for each in outputs]
    if given.shape[1] * sum(sizes) > _LARGEST:
        raise NotApplicable("a linear map from inputs to outputs would be too large")
    with own_draws(replay.seed):
        maps: list[nn.Module] = [nn.Linear(given.shape[1], size).to(given) for size in sizes]
    parameters = [p for each in maps for p in each.parameters()]
    for parameter in parameters:
        parameter.data.zero_()
    give(replay, parameters)
    replay.model.register_forward_hook(_returning(maps), with_kwargs=True)

    def forget(_: Optimizer) -> None:
        clear(parameters)  # the script clears those of its model only

    replay.after_update(forget)
    return f"a linear map of {given.shape[1]} inputs to {sum(sizes)} outputs instead of the model"


def _flat(arguments: Any, keywords: Any) -> Tensor | None:
    """All real numbers of each sample in a row."""
    tensors = list(numbers_in(arguments, keywords).values())
    if not tensors or any(len(each) != len(tensors[0]) for each in tensors):
        return None
    return torch.cat([each.reshape(len(each), -1).to(tensors[0]) for each in tensors], 1)


def _returning(maps: list[nn.Module]) -> Any:
    def returned(module: nn.Module, arguments: Any, keywords: Any, output: Any) -> Any:
        given = _flat(arguments, keywords)
        if given is None:
            return output
        leaves, shape = tree_flatten(output)
        waiting = iter(maps)
        for at, leaf in enumerate(leaves):
            if isinstance(leaf, Tensor) and leaf.is_floating_point():
                leaves[at] = next(waiting)(given).reshape(leaf.shape)
        return tree_unflatten(leaves, shape)

    return returned
