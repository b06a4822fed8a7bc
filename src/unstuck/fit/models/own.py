"""A person's own net: what ``module:factory`` makes."""

import importlib
import inspect
import sys
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.errors import UsageError
from unstuck.fit.encoders import Shape
from unstuck.fit.recipe import Recipe


def built(recipe: Recipe, shape: Shape, outputs: int) -> nn.Module:
    """The model; its factory is given those of ``outputs``, ``inputs``, ``channels``... that it asks for.

    Raises:
        UsageError: there is no such factory, it asks for something else, or makes no fitting net.
    """
    name, factory = recipe.model, _factory(recipe.model)
    model = factory(**_arguments(name, factory, _offered(recipe, shape, outputs)))
    if not isinstance(model, nn.Module):
        raise UsageError(f"{name} gives a {type(model).__name__}", "it shall give an nn.Module")
    _try(name, model, shape, outputs)
    return model


def _factory(name: str) -> Any:
    module, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # as python -m has it, so that a file beside the data is found
        sys.path.insert(0, here)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # a module that theirs imports: their error, as it is
        raise UsageError(f"there is no module {module}", "--model module:factory") from error
    factory = getattr(found, attribute, None)
    if not callable(factory):
        raise UsageError(f"{module} has no function or class {attribute}", "--model module:factory")
    return factory


def _offered(recipe: Recipe, shape: Shape, outputs: int) -> dict[str, Any]:
    channels, height, width = shape.image or (0, 0, 0)
    return {
        "inputs": prod(shape.image) if shape.image else shape.numbers,
        "channels": channels,
        "height": height,
        "width": width,
        "codes": shape.codes,
        "outputs": outputs,
        "recipe": recipe,
    }


def _arguments(name: str, factory: Any, offered: Mapping[str, Any]) -> dict[str, Any]:
    kinds = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    asked = [p for p in inspect.signature(factory).parameters.values() if p.kind not in kinds]
    unknown = [p.name for p in asked if p.name not in offered and p.default is p.empty]
    if unknown:
        raise UsageError(f"{name} asks for {unknown[0]}", f"it may ask for {', '.join(offered)}")
    return {p.name: offered[p.name] for p in asked if p.name in offered}


def _try(name: str, model: nn.Module, shape: Shape, outputs: int) -> None:
    """Call it once; errors of their code come through as they are."""
    mode = model.training
    model.eval()
    with torch.no_grad():
        found = model(*_zeros(shape))
    model.train(mode)
    gives = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if gives != (2, outputs):
        raise UsageError(
            f"{name} gives {gives} for 2 examples, not (2, {outputs})",
            "raw outputs, one for each class (one of two classes), label or quantity",
        )


def _zeros(shape: Shape) -> list[Tensor]:
    if shape.image:
        return [torch.zeros(2, *shape.image)]
    codes = [torch.zeros(2, len(shape.codes), dtype=torch.long)] if shape.codes else []
    return [torch.zeros(2, shape.numbers), *codes]
