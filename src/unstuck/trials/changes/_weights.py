"""Initial weights, drawn anew as torch draws those of its layers."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from unstuck.trials.changes._draws import own_draws

_ATTENTION = nn.MultiheadAttention
# Positions and class tokens, one row for all samples, begin as small as in the transformers that have them.
_SMALL = 0.02


def redraw(models: Iterable[nn.Module], seed: int, *, everything: bool) -> int:
    """Redraw what is trained, or everything with what normalises; how many tensors changed.

    Layers of torch draw their own way, on top of which no code of the person's class is trusted: it
    may be the fault.
    """
    modules = {id(module): module for model in models for module in model.modules()}
    # A table that shares its weights with the output layer gets the layer's scale.
    ordered = sorted(modules.values(), key=lambda module: not isinstance(module, nn.Embedding))
    changed: set[int] = set()
    with own_draws(seed), torch.no_grad():
        for module in ordered:
            own = [p for p in module.parameters(recurse=False) if not is_lazy(p)]
            trained = [p for p in own if p.requires_grad or everything]
            if not trained or (_normalises(module) and not everything):
                continue
            before = [p.clone() for p in own]
            _redraw_module(module)
            for parameter, old in zip(own, before, strict=True):
                if not parameter.requires_grad and not everything:
                    parameter.copy_(old)
                elif not torch.equal(parameter, old):
                    changed.add(id(parameter))
    return len(changed)


def redraw_loose(tensors: Iterable[Tensor], seed: int) -> int:
    """The same for trained tensors that belong to no module, as in functional code."""
    found = [t for t in tensors if t.requires_grad and t.is_leaf and t.dim() > 1]
    with own_draws(seed), torch.no_grad():
        for tensor in found:
            _redraw_tensor("weight", tensor)
    return len(found)


def _redraw_module(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    if isinstance(module, _ATTENTION):
        module._reset_parameters()
    elif parametrize.is_parametrized(module):
        _redraw_parametrized(module)
    elif callable(reset) and _is_of_torch(reset) and not hasattr(module, "weight_g"):
        reset()
    else:
        for name, parameter in module.named_parameters(recurse=False):
            if not is_lazy(parameter):
                _redraw_tensor(name, parameter)
        lengths, directions = getattr(module, "weight_g", None), getattr(module, "weight_v", None)
        if isinstance(lengths, Tensor) and isinstance(directions, Tensor):  # the old weight_norm
            lengths.copy_(directions.flatten(1).norm(dim=1).reshape(lengths.shape))


def _redraw_parametrized(module: nn.Module) -> None:
    for name in module.parametrizations:  # type: ignore[union-attr]
        drawn = getattr(module, name).detach().clone()
        _redraw_tensor(name, drawn)
        setattr(module, name, drawn)
    for name, parameter in module.named_parameters(recurse=False):
        _redraw_tensor(name, parameter)


def _redraw_tensor(name: str, parameter: Tensor) -> None:
    """He's scale for a mean of both sides, because own code multiplies from either; biases are zero."""
    if parameter.dim() < 2:
        if not _is_factor(name, parameter):
            parameter.zero_()
    elif parameter.dim() > 2 and parameter.shape[0] == 1:
        parameter.normal_(0.0, _SMALL)
    else:
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(parameter)
        parameter.normal_(0.0, 2 / math.sqrt(fan_in + fan_out))


def _is_factor(name: str, parameter: Tensor) -> bool:
    """A temperature, or the factors of a normalisation or a layer scale."""
    named = any(word in name.lower() for word in ("weight", "gamma", "scale", "alpha", "temp"))
    return "bias" not in name and (named or parameter.numel() < 2 or bool((parameter == 1).all()))


def _normalises(module: nn.Module) -> bool:
    return "norm" in type(module).__name__.lower()


def _is_of_torch(method: object) -> bool:
    return str(getattr(method, "__module__", "")).startswith("torch.")
