"""Nets, one file a family, built from a recipe: what goes in, what comes out."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.errors import UsageError
from unstuck.fit.batches import Encoded
from unstuck.fit.encoders import Pixels, Shape
from unstuck.fit.models import backbone
from unstuck.fit.models._entry import Entry
from unstuck.fit.models._headed import Headed
from unstuck.fit.models._members import Members
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

FOR_IMAGES = ("backbone", "cnn")

PLACED_BY = 10_000
"""Rows that give quantiles to a hundredth."""

SLOWER = 0.1
"""Of the rate, for a backbone that is fine-tuned: it is nearly where it shall be (Howard & Ruder 2018)."""


def families() -> tuple[str, ...]:
    """Every public module of this folder is one; a person's own is ``module:factory``."""
    return tuple(
        sorted(each.name for each in pkgutil.iter_modules(__path__) if each.name[0] != "_")
    )


def built(recipe: Recipe, shape: Shape, task: Task) -> nn.Module:
    """The model of a recipe: one net, or the mean of several members."""
    if recipe.members == 1:
        return net(recipe, shape, task)
    return Members((net(recipe, shape, task) for _ in range(recipe.members)), recipe.loss)


def net(recipe: Recipe, shape: Shape, task: Task) -> nn.Module:
    """A net of a recipe, at its start; the same seed gives the same weights.

    It is called with what the encoder gives and returns logits, or standardised quantities,
    (rows, outputs).

    Raises:
        UsageError: there is no such family, or it is not for these inputs.
    """
    name = "own" if is_own(recipe) else recipe.model
    if name not in families():
        raise UsageError(
            f"there is no model {name}", f"there are {', '.join(families())} and module:factory"
        )
    if name in FOR_IMAGES and shape.image is None:
        raise UsageError(f"the model {name} needs images", "model = mlp")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        family = importlib.import_module(f"{__name__}.{name}")
        model: nn.Module = family.built(recipe, shape, task.outputs)
    return model


def begun(recipe: Recipe, shape: Shape, task: Task) -> Headed:
    """The model of a recipe, its body with the weights of the backbone.

    Raises:
        BadData: the weights are not there, damaged, or of another net.
        UsageError: the model has no such body, or as ``built``.
    """
    model = built(recipe, shape, task)
    if not isinstance(model, Headed):
        raise UsageError(f"the model {recipe.model} takes no backbone", "leave --model out")
    backbone.begin(model.body, recipe.backbone, recipe.weights)
    return model


def is_own(recipe: Recipe) -> bool:
    """Whether building the model runs a person's code."""
    return ":" in recipe.model or recipe.model == "own"


def pixels(hand: Mapping[str, Any]) -> Pixels:
    """Which images the model wants, by what the person set."""
    longest = hand.get("image_size", 0)
    if hand.get("backbone"):
        return backbone.pixels(hand["backbone"], longest)
    return Pixels(longest=longest)


def groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """What an optimizer trains: nothing decays biases and norms, whose size the loss does not see.

    ``share`` is what part of the rate a group is trained with.
    """
    tuned = recipe.transfer == "fine-tuned"
    slow = {id(p) for p in model.get_submodule("body").parameters()} if tuned else set()
    found = []
    for share, decay in ((1.0, True), (1.0, False), (SLOWER, True), (SLOWER, False)):
        parameters = [
            p
            for p in model.parameters()
            if p.requires_grad and (p.ndim > 1) == decay and (id(p) in slow) == (share != 1.0)
        ]
        if parameters:
            weight_decay = recipe.weight_decay if decay else 0.0
            rate = recipe.learning_rate * share
            group = {"params": parameters, "weight_decay": weight_decay, "share": share, "lr": rate}
            found.append(group)
    return found


def cut(model: nn.Module, rows: Encoded) -> None:
    """Place the edges of the model's pieces by these rows: by some of them, if they are many."""
    which = range(0, len(rows), -(-len(rows) // PLACED_BY))
    entry = model.get_submodule("entry")
    assert isinstance(entry, Entry), "only nets for tables have pieces"
    assert entry.pieces is not None, "the recipe says how many"
    entry.pieces.cut(rows.__getitems__(which)[0][0])


def start_at(model: nn.Module, bias: Sequence[float] | Tensor) -> None:
    """Let the output begin at the prior: log odds or log shares of the classes (q02).

    A net of one's own may end in something else than a linear layer: it begins as it is.
    Source: Lin et al. 2017, *Focal Loss for Dense Object Detection*, section 3.3.
    """
    layers = [each for each in model.modules() if isinstance(each, nn.Linear)]
    bias = torch.as_tensor(bias)
    if layers and layers[-1].bias is not None and layers[-1].bias.shape == bias.shape:
        with torch.no_grad():
            layers[-1].bias.copy_(bias)
