"""The change of the same name."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_flatten, tree_unflatten

from unstuck.trials.changes._draws import own_draws
from unstuck.trials.changes._inputs import in_rows
from unstuck.trials.changes._parameters import clear, give
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.changes._watching import Hook, tensors_in
from unstuck.trials.replay import NotApplicable, Replay


def _softmax(given: Tensor) -> Tensor:
    return given.softmax(1)


def _log_softmax(given: Tensor) -> Tensor:
    return given.log_softmax(1)


# Without them the loss would not be given what it expects.
_ENDINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}
_LARGEST = 50_000_000
"""Numbers of the linear map."""


def linear_model(replay: Replay) -> str:
    """A linear map of the flattened inputs, from zero, in place of what the model returns.

    Where the model returns probabilities, they are made of the map's result as of the model's.

    The script's optimizer trains it: at its rates, and nothing else, as the model gets no gradient.
    """
    structure = structure_of(replay)
    given = in_rows(replay.arguments, replay.keywords)
    outputs = [each for each in tensors_in(structure.output) if each.is_floating_point()]
    endings = {
        _ENDINGS[name] for name in map(structure.ending, structure.makers) if name in _ENDINGS
    }
    if given is None or not outputs:
        raise NotApplicable("inputs or outputs of the model are not tensors of real numbers")
    if any(not each.dim() or len(each) != len(given) for each in outputs):
        raise NotApplicable("the model does not return a row for each sample")
    sizes = [each[0].numel() for each in outputs]
    if given.shape[1] * sum(sizes) > _LARGEST:
        raise NotApplicable("a linear map from inputs to outputs would be too large")
    if endings and len(outputs) > 1:
        raise NotApplicable("the model returns several outputs, some of them probabilities")
    with own_draws(replay.seed):
        maps: list[nn.Module] = [nn.Linear(given.shape[1], size).to(given) for size in sizes]
    parameters = [p for each in maps for p in each.parameters()]
    for parameter in parameters:
        parameter.data.zero_()
    give(replay, parameters)
    replay.model.register_forward_hook(Hook(_returning(maps, *endings)), with_kwargs=True)

    def forget(_: Optimizer) -> None:
        clear(parameters)  # the script clears those of its model only

    replay.after_update(forget)
    return f"a linear map of {given.shape[1]} inputs to {sum(sizes)} outputs instead of the model"


def _returning(maps: list[nn.Module], ending: Callable[[Tensor], Tensor] | None = None) -> Any:
    def returned(module: nn.Module, arguments: Any, keywords: Any, output: Any) -> Any:
        given = in_rows(arguments, keywords)
        if given is None:
            return output
        leaves, shape = tree_flatten(output)
        waiting = iter(maps)
        for at, leaf in enumerate(leaves):
            if isinstance(leaf, Tensor) and leaf.is_floating_point():
                mapped = next(waiting)(given).reshape(leaf.shape)
                leaves[at] = ending(mapped) if ending else mapped
        return tree_unflatten(leaves, shape)

    return returned
