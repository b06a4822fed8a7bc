"""How a model is trained: every value beside its reason, to read and to take into one's own hand."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from unstuck.errors import BadData, UsageError
from unstuck.fit import objects

HAND = "as the recipe's file says"


@dataclass(frozen=True)
class Recipe:
    """What is trained and how. ``reasons`` says of each value, by its name, why it is so."""

    model: str = "mlp"
    width: int = 128
    depth: int = 2
    pieces: int = 0
    members: int = 1
    image_size: int = 0
    augment: str = "none"
    backbone: str = ""
    weights: str = ""
    transfer: str = "scratch"
    dropout: float = 0.0
    normalisation: str = "none"
    loss: str = "cross-entropy"
    optimizer: str = "adamw"
    learning_rate: float = 0.0
    momentum: float = 0.0
    weight_decay: float = 0.0
    warm_up: float = 0.05
    clip_norm: float = 1.0
    batch_size: int = 64
    epochs: int = 50
    patience: int = 10
    precision: str = "float32"
    threshold: str = "moved"
    class_weights: bool = False
    seed: int = 0
    reasons: Mapping[str, str] = field(default_factory=dict, compare=False)

    def because(self, reasons: Mapping[str, str] | None = None, **values: Any) -> "Recipe":
        """The recipe with other values and the reasons for them, by name."""
        return replace(self, **values, reasons={**self.reasons, **(reasons or {})})

    def toml(self) -> str:
        """As ``--recipe FILE`` reads it: one value a line, its reason as a comment."""
        rows = [
            (f"{name} = {_literal(getattr(self, name))}", self.reasons.get(name, ""))
            for name in NAMES
        ]
        wide = max(len(value) for value, _ in rows)
        return "".join(f"{value:<{wide}}  # {why}".rstrip(" #") + "\n" for value, why in rows)

    def values(self) -> dict[str, Any]:
        """All of them, by name."""
        return {name: getattr(self, name) for name in NAMES}

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return self.values() | {"reasons": dict(self.reasons)}

    @classmethod
    def from_plain(cls, record: Any, source: str) -> "Recipe":
        """What ``plain`` wrote.

        Raises:
            BadData: it did not write this.
            TypeError, ValueError: as well.
        """
        fields = objects.again(dict[str, Any], record)
        reasons = objects.again(dict[str, str], fields.pop("reasons", {}))
        return cls(**{k: checked(k, v, source) for k, v in fields.items()}, reasons=reasons)


NAMES = tuple(each.name for each in fields(Recipe) if each.name != "reasons")

WORDS = {
    "augment": ("none", "shift", "shift and flip"),
    "transfer": ("scratch", "measured", "frozen", "fine-tuned"),
    "normalisation": ("none", "batch", "layer", "group"),
    "loss": ("cross-entropy", "binary cross-entropy", "squared error"),
    "optimizer": ("adamw", "sgd"),
    "precision": ("float32", "bfloat16", "float16"),
    "threshold": ("moved", "half"),
}
"""Of the values that are words: which there are."""


def taken_into_hand(text: str, source: str = "recipe") -> dict[str, Any]:
    """The values that the text of a recipe's file sets.

    Raises:
        BadData: the text is no TOML, or a value is unknown or of a wrong kind; with its name.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadData(
            f"{source}: {error}", "a recipe is TOML: unstuck fit DATA --show-recipe"
        ) from error
    return {name: checked(name, value, source) for name, value in values.items()}


def read(path: Path) -> dict[str, Any]:
    """The values that a recipe's file sets.

    Raises:
        BadData: it cannot be read, or says something unknown or wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no text in UTF-8"
        raise BadData(f"cannot read {path}: {why}", "name a recipe's file") from error
    return taken_into_hand(text, str(path))


def checked(name: str, value: Any, source: str) -> Any:
    """The value of this name, as a recipe takes it.

    Raises:
        BadData: there is no such name, or the value is of a wrong kind or size.
    """
    if name not in NAMES:
        raise BadData(f"{source}: a recipe has no {name}", f"it has {', '.join(NAMES)}")
    wanted = type(getattr(Recipe(), name))
    if wanted is float and type(value) is int:
        value = float(value) if abs(value) < 2**1023 else math.inf
    if type(value) is not wanted:
        raise BadData(
            f"{source}: {name} = {value!r} is no {_KINDS[wanted]}",
            f"{name} = {_literal(getattr(Recipe(), name))}",
        )
    if name in WORDS and value not in WORDS[name]:
        raise BadData(
            f"{source}: there is no {name} {value!r}", f"there are {', '.join(WORDS[name])}"
        )
    low, high = _RANGES.get(name, (-math.inf, math.inf))
    if wanted in (int, float) and not low <= value <= high:
        raise BadData(f"{source}: {name} = {value} lies outside {low:g} to {high:g}", "")
    return value


_KINDS = {bool: "true or false", int: "whole number", float: "number", str: "text"}

_RANGES: dict[str, tuple[float, float]] = {
    "width": (1, 65536), "depth": (0, 1000), "pieces": (0, 256), "image_size": (0, 4096), "members": (1, 64),
    "dropout": (0, 0.95),
    "learning_rate": (0, 1e6), "momentum": (0, 0.999), "weight_decay": (0, 1e3), "warm_up": (0, 1),
    "clip_norm": (0, 1e9), "batch_size": (1, 1e7), "epochs": (1, 1e6), "patience": (1, 1e6),
    "seed": (0, 2**63 - 1),
}  # fmt: skip


def _literal(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def by_hand(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with the person's values in it."""
    if not values:
        return recipe
    try:
        return recipe.because(dict.fromkeys(values, HAND), **values)
    except TypeError as error:
        raise UsageError(f"a recipe has no such value: {error}") from error
