"""Images of one size, each channel standardised: from files, or from arrays with channels first or last."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from numpy.typing import NDArray
from torch import Tensor

from unstuck.errors import BadData
from unstuck.fit import objects
from unstuck.fit.encoders import Pixels, Rows, Shape
from unstuck.fit.examples import Arrays, Inputs, Pictures
from unstuck.fit.pictures import DEEP, Look, decoded, headers, range_of

MOST = 1000
"""Training images that size, channels, means and deviations are taken of: their error is 3 % at most."""

LONGEST = 64
"""Pixels of the longer side, unless said otherwise: what a small net on a CPU can bear."""

SHORTEST = 4

LARGEST = 2**16
"""Pixels of a side."""

ROOM = 2**30
"""Bytes of decoded images that are kept; more are decoded again in each epoch."""

_GREY = torch.tensor([0.299, 0.587, 0.114])
"""ITU-R 601, as Pillow weighs colours."""


@dataclass(frozen=True)
class Images:
    """The size and number of channels, with the mean and deviation of each; ``depth`` as in ``Look``."""

    channels: int
    height: int
    width: int
    center: tuple[float, ...]
    scale: tuple[float, ...]
    depth: tuple[float, float] = (0.0, 65535.0)

    @property
    def shape(self) -> Shape:
        """Channels, height, width."""
        return Shape(image=(self.channels, self.height, self.width))

    def encoded(self, inputs: Inputs, rows: Rows) -> tuple[Tensor, ...]:
        """(rows, channels, height, width), standardised.

        Raises:
            BadData: a file is damaged, or a value is not finite.
        """
        pixels = self._pixels(inputs, rows)
        center, scale = (torch.tensor(each)[:, None, None] for each in (self.center, self.scale))
        return ((pixels - center) / scale,)

    def decoded(self, inputs: Inputs) -> Inputs:
        """Files as arrays of bytes, once for all epochs, where they fit into memory."""
        if not isinstance(inputs, Pictures):
            return inputs
        size = len(inputs) * self.channels * self.height * self.width
        return Arrays(decoded(inputs.paths, self._look)) if size <= ROOM else inputs

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @property
    def _look(self) -> Look:
        return Look(self.height, self.width, self.channels, self.depth)

    def _pixels(self, inputs: Inputs, rows: Rows) -> Tensor:
        if isinstance(inputs, Pictures):
            return torch.from_numpy(decoded(_paths(inputs, rows), self._look)).float()
        assert isinstance(inputs, Arrays)
        pixels = _channels(_tensor(inputs, rows), self.channels)
        if pixels.shape[2:] == (self.height, self.width):
            return pixels
        return F.interpolate(pixels, (self.height, self.width), mode="bilinear", antialias=True)


def fitted(inputs: Inputs, rows: Rows, wanted: Pixels) -> Images:
    """What the training rows tell, unless the model wants it otherwise."""
    sample = rows[:: max(1, -(-len(rows) // MOST))]
    if isinstance(inputs, Pictures):
        images = _of_files(_paths(inputs, sample), wanted)
    else:
        assert isinstance(inputs, Arrays)
        found = _tensor(inputs, sample[:1])
        height, width = _size([found.shape[2]], [found.shape[3]], wanted)
        images = Images(wanted.channels or found.shape[1], height, width, (), ())
    if wanted.center and (isinstance(inputs, Pictures) or inputs.values.dtype == np.uint8):
        return replace(images, center=wanted.center, scale=wanted.scale)
    return _standardised(images, images._pixels(inputs, sample))


def from_plain(record: dict[str, Any]) -> Images:
    """What ``plain`` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not write this.
    """
    found: Images = objects.again(Images, record)
    if not len(found.center) == len(found.scale) == found.channels > 0:
        raise ValueError("it is not said how each channel is standardised")
    if not (0 < found.height <= LARGEST and 0 < found.width <= LARGEST):
        raise ValueError(f"images of {found.width} x {found.height} pixels")
    return found


def _of_files(paths: Sequence[Path], wanted: Pixels) -> Images:
    heads = headers(paths)
    height, width = _size([each.height for each in heads], [each.width for each in heads], wanted)
    deep = [path for path, head in zip(paths, heads, strict=True) if head.mode in DEEP]
    depth = range_of(deep[:100]) if deep else (0.0, 65535.0)
    channels = wanted.channels or _channels_of(decoded(paths, Look(height, width, 3, depth)))
    return Images(channels, height, width, (), (), depth)


def _size(heights: Sequence[int], widths: Sequence[int], wanted: Pixels) -> tuple[int, int]:
    """The median height and width, scaled down until the longer side is short enough."""
    if wanted.size:
        return wanted.size
    height, width = float(np.median(heights)), float(np.median(widths))
    longest = wanted.longest or min(LONGEST, max(height, width))
    share = longest / max(height, width)
    return max(SHORTEST, round(height * share)), max(SHORTEST, round(width * share))


def _channels_of(pixels: NDArray[np.uint8]) -> int:
    """One, if all colours are greys."""
    return 1 if (pixels == pixels[:, :1]).all() else 3


def _standardised(images: Images, pixels: Tensor) -> Images:
    values = pixels.double()
    spread = values.std((0, 2, 3), correction=0)
    center = tuple(values.mean((0, 2, 3)).tolist())
    return replace(
        images, center=center, scale=tuple(torch.where(spread > 0, spread, 1.0).tolist())
    )


def _paths(inputs: Pictures, rows: Rows) -> list[Path]:
    return [inputs.paths[row] for row in rows]


def _tensor(inputs: Arrays, rows: Rows) -> Tensor:
    """(rows, channels, height, width) of an array that may have channels last, or none."""
    values = np.asarray(inputs.values[rows])
    if values.ndim == 3:
        values = values[:, None]
    if values.ndim != 4 or 0 in values.shape[1:]:
        raise BadData(
            f"images of shape {inputs.values.shape[1:]}", "give (channels, height, width) of each"
        )
    if _channels_last(values.shape):
        values = values.transpose(0, 3, 1, 2)
    numbers = values.astype(np.float32)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        raise BadData(
            f"row {rows[bad[0][0]] + 1}: a pixel is NaN or infinite",
            "replace it or leave the row out",
        )
    return torch.from_numpy(np.ascontiguousarray(numbers))


def _channels_last(shape: Sequence[int]) -> bool:
    """1 or 3 of them tell; else there are fewer channels than columns."""
    first, last = shape[1], shape[3]
    if first in (1, 3) or last in (1, 3):
        return first not in (1, 3)
    return last < first


def _channels(pixels: Tensor, wanted: int) -> Tensor:
    """Grey as colours and colours as grey."""
    if pixels.shape[1] == wanted:
        return pixels
    if pixels.shape[1] == 1:
        return pixels.expand(-1, wanted, -1, -1)
    if wanted == 1 and pixels.shape[1] == 3:
        return (pixels * _GREY[:, None, None]).sum(1, keepdim=True)
    raise BadData(
        f"the images have {pixels.shape[1]} channels, not {wanted}", "give those of the training"
    )
