"""Image files as cameras, scanners and accidents leave them."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

RED, BLUE = (250, 10, 20), (10, 20, 250)


def picture(color=RED, size=(12, 8)):
    return Image.new("RGB", size, color)


def halves(mode="RGB", size=(16, 8)):
    """Red (or dark) on the left, blue (or bright) on the right."""
    image = picture(RED, size)
    image.paste(BLUE if mode == "RGB" else (255, 255, 255), (size[0] // 2, 0, *size))
    return image if mode == "RGB" else image.convert(mode)


def saved(path, image=None, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or picture()).save(path, **how)
    return path


def content(image, kind, **how):
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def folder(root, classes=("cat", "dog"), each=2, **how):
    """A folder of images by class."""
    for name in classes:
        for number in range(each):
            saved(root / name / f"{number}.png", **how)
    return root


def png_of(width, height, *chunks):
    """A PNG that claims a size, with a few bytes of pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\0" * 10**6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def bytes_of(path: Path, found: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(found)
    return path


def grey(values):
    return Image.fromarray(np.asarray(values, np.uint8))
