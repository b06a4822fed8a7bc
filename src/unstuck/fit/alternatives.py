"""What the net of a table may have instead: tried with the first of its members, kept if clearly better."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from unstuck.fit.encoders import Shape
from unstuck.fit.recipe import HAND, Recipe

PIECES, WIDE = 16, 32
"""Into which each number is cut; numbers above which they would make the first layer most of the net."""

DECAY, DROPOUT = 2.0, 0.2
"""Of a net of twice the width: on eight generated tables, two seeds each, from a fifth of the held-out
loss less to two fifths more."""

ENOUGH, PLENTY = 1000, 20_000
"""Rows from which a held-out fold tells two nets apart; from which nothing is learned by heart."""


@dataclass(frozen=True)
class Alternative:
    """Values of the recipe that are tried together, in a training of this name."""

    name: str
    values: Mapping[str, Any]

    def said(self) -> str:
        """``weight_decay 2.0, width 256``."""
        return ", ".join(f"{name} {value}" for name, value in self.values.items())


def alternatives(recipe: Recipe, rows: int, shape: Shape) -> tuple[Alternative, ...]:
    """In the order in which they are tried, but for those that set what a person has set."""
    if recipe.model != "mlp" or rows < ENOUGH:
        return ()
    return tuple(
        each
        for each in _of_table(recipe, rows, shape)
        if not any(recipe.reasons.get(name) == HAND for name in each.values)
    )


def _of_table(recipe: Recipe, rows: int, shape: Shape) -> Iterator[Alternative]:
    if 0 < shape.numbers <= WIDE:
        yield Alternative("pieces", {"pieces": PIECES})
    if rows < PLENTY:
        values = {"weight_decay": DECAY, "width": 2 * recipe.width, "dropout": DROPOUT}
        yield Alternative("decay", values)
