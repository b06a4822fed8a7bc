"""Fully connected nets for tables and arrays."""

import itertools

from torch import Tensor, nn

from unstuck.fit.encoders import Shape
from unstuck.fit.models._entry import Entry
from unstuck.fit.recipe import Recipe


class Mlp(nn.Module):
    """Entry, blocks of linear, normalisation, ReLU, dropout, and a linear head: logits (rows, outputs)."""

    def __init__(self, recipe: Recipe, shape: Shape, outputs: int) -> None:
        super().__init__()
        self.entry = Entry(shape, pieces=recipe.pieces)
        widths = [self.entry.width] + [recipe.width] * recipe.depth
        self.blocks = nn.Sequential(*(_block(*pair, recipe) for pair in itertools.pairwise(widths)))
        self.head = nn.Linear(widths[-1], outputs)
        _begin(self.head, 1.0)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Logits (rows, outputs)."""
        logits: Tensor = self.head(self.blocks(self.entry(*inputs)))
        return logits


def _block(inputs: int, outputs: int, recipe: Recipe) -> nn.Module:
    linear = nn.Linear(inputs, outputs, bias=recipe.normalisation != "batch")
    _begin(linear, 2.0)
    norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    norm = norms.get(recipe.normalisation)
    parts = [linear, norm(outputs) if norm else None, nn.ReLU(inplace=True)]
    if recipe.dropout:
        parts.append(nn.Dropout(recipe.dropout))
    return nn.Sequential(*(part for part in parts if part is not None))


def _begin(linear: nn.Linear, gain: float) -> None:
    """He et al. 2015: deviation sqrt(gain / inputs); biases 0 (q02, q03)."""
    nn.init.normal_(linear.weight, std=(gain / linear.in_features) ** 0.5)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)


def built(recipe: Recipe, shape: Shape, outputs: int) -> nn.Module:
    """The model of a recipe."""
    return Mlp(recipe, shape, outputs)
