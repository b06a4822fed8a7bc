"""Nets, one file a family, built from a recipe: what goes in, what comes out."""

import importlib
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unstuck.fit.encoders import Shape
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

FAMILIES = ("linear", "mlp", "cnn")


def built(recipe: Recipe, shape: Shape, task: Task) -> nn.Module:
    """The model of a recipe, at its start; the same seed gives the same weights.

    It is called with what the encoder gives and returns logits, or standardised quantities,
    (rows, outputs).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        family = importlib.import_module(f"{__name__}.{recipe.model}")
        model: nn.Module = family.built(recipe, shape, task.outputs)
    return model


def start_at(model: nn.Module, bias: Sequence[float] | Tensor) -> None:
    """Let the output begin at the prior: log odds or log shares of the classes (q02).

    Source: Lin et al. 2017, *Focal Loss for Dense Object Detection*, section 3.3.
    """
    head = [each for each in model.modules() if isinstance(each, nn.Linear)][-1]
    with torch.no_grad():
        head.bias.copy_(torch.as_tensor(bias).expand_as(head.bias))
