"""The baseline: one linear layer on the encoded inputs."""

import torch
from torch import Tensor, nn

from unstuck.fit.encoders import Shape
from unstuck.fit.models._entry import Entry
from unstuck.fit.recipe import Recipe


class Linear(nn.Module):
    """Logits (rows, outputs), linear in numbers, one-hot codes or pixels."""

    def __init__(self, shape: Shape, outputs: int) -> None:
        super().__init__()
        self.entry = Entry(shape, one_hot=True)
        self.head = nn.Linear(self.entry.width, outputs)
        nn.init.zeros_(self.head.weight)  # convex: any start leads to the same place (q03)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Logits (rows, outputs)."""
        logits: Tensor = self.head(torch.flatten(self.entry(*inputs), 1))
        return logits


def built(recipe: Recipe, shape: Shape, outputs: int) -> nn.Module:
    """The model of a recipe."""
    return Linear(shape, outputs)
