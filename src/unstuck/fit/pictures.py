"""Image files: open them safely, know their size without decoding, decode them to plain pixels."""

import os
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from unstuck.errors import BadData

SUFFIXES = tuple(".png .jpg .jpeg .gif .bmp .tif .tiff .webp .ppm .pgm .pbm".split())

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""No others: Pillow would hand PostScript to a program that executes it."""

MOST_PIXELS = 89_478_485
"""A quarter of a gigabyte of colours, as Pillow warns from; a file of some kilobytes may claim any size."""

MOST_THREADS = 8
"""Each may hold a whole image."""

DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
"""Modes with more than 8 bits a pixel."""

_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, MemoryError,
    AttributeError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's decoders raise on damaged files."""

_TURNED = (5, 6, 7, 8)
"""Values of EXIF's orientation in which width and height change places."""


@dataclass(frozen=True)
class Header:
    """What a file says of its image before its pixels are decoded."""

    height: int
    width: int
    mode: str
    several: bool
    """It has more than one frame."""


@dataclass(frozen=True)
class Look:
    """How decoded images shall be: size, 1 or 3 channels, and the range of what is deeper than 8 bits."""

    height: int
    width: int
    channels: int
    depth: tuple[float, float] = (0.0, 65535.0)


def headers(paths: Sequence[Path]) -> list[Header]:
    """Of each file; nothing is decoded.

    Raises:
        BadData: a file is empty, no image, or claims more pixels than can be meant.
    """
    with quiet():
        return [_header(path) for path in paths]


def _header(path: Path) -> Header:
    with _opened(path) as image:
        height, width = image.height, image.width
        if _orientation(image) in _TURNED:
            height, width = width, height
        # The second picture in a phone's JPEG is a preview of the first.
        several = image.format != "MPO" and bool(getattr(image, "is_animated", False))
        return Header(height, width, image.mode, several)


def decoded(paths: Sequence[Path], look: Look) -> NDArray[np.uint8]:
    """(files, channels, height, width), upright, the first frame of each, what is transparent on white.

    Raises:
        BadData: a file is damaged, by its name.
    """
    found = np.empty((len(paths), look.channels, look.height, look.width), np.uint8)

    def into(place: int) -> None:
        found[place] = _pixels(paths[place], look)

    with quiet(), ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        for _ in pool.map(into, range(len(paths))):
            pass
    return found


def range_of(paths: Sequence[Path]) -> tuple[float, float]:
    """The lowest (0, unless something is below) and highest value in deep images."""
    low, high = 0.0, 1.0
    with quiet():
        for path in paths:
            with _opened(path) as image:
                values = np.asarray(image, np.float64)
                _refuse_not_finite(values, path)
                low, high = min(low, float(values.min())), max(high, float(values.max()))
    return low, high


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's warnings on odd metadata; around threads, since filters belong to the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _pixels(path: Path, look: Look) -> NDArray[np.uint8]:
    with _opened(path) as image:
        # A large JPEG decodes straight to a half, a quarter or an eighth: several times faster.
        side = 2 * max(look.width, look.height)
        image.draft(None, (side, side))
        image.load()
        plain = _plain(_upright(image), look.depth, path)
        plain = plain.convert("L" if look.channels == 1 else "RGB")
        size = (look.width, look.height)
        if plain.size != size:
            plain = plain.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        array = np.asarray(plain)
        return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            yield image
    except UnidentifiedImageError as error:
        empty = path.stat().st_size == 0
        raise BadData(
            f"{path}: " + ("the file is empty" if empty else "this is no image"),
            "replace the file or take it out",
        ) from error
    except Image.DecompressionBombError as error:
        raise BadData(
            f"{path}: more than {MOST_PIXELS // 10**6} million pixels", "scale the image down"
        ) from error
    except _BROKEN as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BadData(
            f"{path}: {' '.join(why.split())}", "replace the file or take it out"
        ) from error


def _orientation(image: Image.Image) -> int:
    """EXIF's; damaged metadata are no reason to do without the pixels."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except _BROKEN:
        return 1


def _upright(image: Image.Image) -> Image.Image:
    return image if _orientation(image) == 1 else ImageOps.exif_transpose(image)


def _plain(image: Image.Image, depth: tuple[float, float], path: Path) -> Image.Image:
    """Grey or colours of 8 bits, on white where it is transparent."""
    if image.mode in DEEP:
        values = np.asarray(image, np.float64)
        _refuse_not_finite(values, path)
        share = (values - depth[0]) / (depth[1] - depth[0])
        return Image.fromarray((share.clip(0, 1) * 255).round().astype(np.uint8))
    if image.has_transparency_data:
        return Image.alpha_composite(
            Image.new("RGBA", image.size, "white"), image.convert("RGBA")
        ).convert("RGB")
    return image if image.mode == "L" else image.convert("L" if image.mode == "1" else "RGB")


def _refuse_not_finite(values: NDArray[np.float64], path: Path) -> None:
    if not np.isfinite(values).all():
        raise BadData(f"{path}: a pixel is NaN or infinite", "replace the file or take it out")
