"""Inputs as tensors: one file a kind of inputs; fitted on training rows, kept as JSON with the model."""

import importlib
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unstuck.fit import objects
from unstuck.fit.examples import Arrays, Columns, Inputs, Pictures

Rows = NDArray[np.int64]

TOGETHER = 2**24
"""Values of images that are predicted together; what a net makes of them on its way is much larger."""


@dataclass(frozen=True)
class Shape:
    """What a model is given: numbers, codes with so many values each, or images (channels, height, width)."""

    numbers: int = 0
    codes: tuple[int, ...] = ()
    image: tuple[int, int, int] | None = None

    def at_once(self, most: int) -> int:
        """How many rows are predicted together: of large images fewer than the most, for lack of memory."""
        return min(most, max(1, TOGETHER // prod(self.image))) if self.image else most


@dataclass(frozen=True)
class Pixels:
    """What a model wants of images; what is empty is found from the data.

    ``size`` is height and width, ``longest`` the longer side; ``center`` and ``scale`` are the mean
    and deviation of each channel, of bytes.
    """

    size: tuple[int, int] | None = None
    longest: int = 0
    channels: int = 0
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()


class Encoder(Protocol):
    """Turns rows of inputs into the tensors that a model is called with."""

    @property
    def shape(self) -> Shape:
        """What a model is given."""

    def encoded(self, inputs: Inputs, rows: Rows) -> tuple[Tensor, ...]:
        """The rows as tensors: numbers (rows, numbers) and codes (rows, columns), or images."""

    def plain(self) -> dict[str, Any]:
        """As JSON, from which the file's ``from_plain`` makes it again."""


def encoder_of(inputs: Inputs, rows: Rows, wanted: Pixels = Pixels()) -> Encoder:
    """The encoder for these inputs, with what it has to learn from the training rows."""
    kind = _kind(inputs)
    encoder: Encoder = _file(kind).fitted(inputs, rows, *([wanted] if kind == "images" else []))
    return encoder


def decoded(encoder: Encoder, inputs: Inputs) -> Inputs:
    """The inputs with what is slow done once: image files as arrays of bytes."""
    found: Inputs = encoder.decoded(inputs) if hasattr(encoder, "decoded") else inputs
    return found


def kept(encoder: Encoder) -> dict[str, Any]:
    """An encoder as JSON, with the name of its file."""
    return {"kind": type(encoder).__module__.rpartition(".")[2], **encoder.plain()}


def again(record: Any) -> Encoder:
    """The encoder that ``kept`` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not write this.
    """
    fields = objects.again(dict[str, Any], record)
    encoder: Encoder = _file(fields.pop("kind")).from_plain(fields)
    return encoder


def said(encoder: Encoder) -> tuple[str, ...]:
    """How it reads what it is given, and what it left out, where that is not plain."""
    notes: tuple[str, ...] = getattr(encoder, "notes", ())
    return (encoder.read_as, *notes) if hasattr(encoder, "read_as") else notes


def unknown(encoder: Encoder, inputs: Inputs) -> tuple[str, ...]:
    """What is new to an encoder among the inputs to predict for, where it knows."""
    return tuple(encoder.unknown(inputs)) if hasattr(encoder, "unknown") else ()


def _kind(inputs: Inputs) -> str:
    if isinstance(inputs, Columns):
        return "columns"
    is_image = isinstance(inputs, Pictures) or inputs.values.ndim > 2
    return "images" if is_image else "numbers"


def _file(kind: str) -> Any:
    if kind not in ("columns", "images", "numbers"):
        raise ValueError(f"there is no encoder {kind!r}")
    return importlib.import_module(f"{__name__}.{kind}")


__all__ = [
    "Arrays", "Encoder", "Pixels", "Rows", "Shape", "again", "decoded", "encoder_of", "kept", "said",
    "unknown",
]  # fmt: skip
