"""What is refused before it is opened wide: bombs, headers that lie, files of another kind."""

import ast
import math
import os
import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from unstuck.errors import BadData

MOST_COLUMNS = 100_000
"""Columns or features; the first layer of a net that is given more would hold most of its weights."""

HARMLESS = 2**26
"""Bytes that any file may expand to; a small array of zeros packs very well."""

MOST_RATIO = 100
"""Of bytes unpacked to bytes packed. Deflate reaches 1032 on zeros, measured data hardly 20."""

MOST_MEMBERS = 1000
MOST_HEADER = 10_000
"""Bytes of a header of .npy, as NumPy bounds it: a longer one can crash the parser."""

_SIGNATURES = {
    b"\x1f\x8b": "packed by gzip", b"\x28\xb5\x2f\xfd": "packed by zstd", b"BZh": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz", b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"PK\x05\x06": "an empty zip archive", b"PAR1": "a Parquet file", b"ARROW1": "an Arrow file",
    b"FEA1": "a Feather file of the old kind", b"\x93NUMPY": "an array of NumPy (.npy)",
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image",
    b"%PDF": "a PDF document", b"\x80\x04": "a pickle", b"\x80\x05": "a pickle",
    b"\x89HDF": "an HDF5 file", b"SQLite format 3": "a SQLite database",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet", b"\x7fELF": "a program",
    b"\xff\xfe": "text in UTF-16", b"\xfe\xff": "text in UTF-16",
}  # fmt: skip
_HINTS = {
    "packed": "unpack it first",
    "a zip": "unpack it, or save the sheet as CSV",
    "text": "save it as UTF-8",
    "a pickle": "a pickle can run code when it is opened: save the data as Parquet or .npz",
}


def room() -> int:
    """Bytes that data may take in memory: half of what the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def beginning(path: Path, wanted: str = "") -> bytes:
    """The first bytes of a file that is one, can be read and is not empty.

    Args:
        path: of the file.
        wanted: its signature; a file that begins with that of another kind is refused.

    Raises:
        BadData: with the obstacle.
    """
    try:
        # Before it is opened: a pipe that nobody writes to would hold us for ever.
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            what = "a folder" if stat.S_ISDIR(about.st_mode) else "a device or a pipe"
            raise BadData(f"cannot read {path}: it is {what}", "name a file")
        # A file of holes; some file systems do not tell, and say 0.
        taken = getattr(about, "st_blocks", 0) * 512
        refuse_ratio(str(path), taken or about.st_size, about.st_size)
        with path.open("rb") as stream:
            found = stream.read(4096)
    except OSError as error:
        raise BadData(f"cannot read {path}: {error.strerror}", "name a file with data") from error
    if not found:
        raise BadData(f"{path} is empty", "a file with data has some bytes")
    kind = _kind(found)
    if kind and not (wanted and found.startswith(wanted.encode("latin-1"))):
        hint = next((hint for word, hint in _HINTS.items() if kind.startswith(word)), "")
        raise BadData(f"{path} is {kind}", hint or "give it the ending of its kind")
    return found


def _kind(start: bytes) -> str:
    return next((kind for mark, kind in _SIGNATURES.items() if start.startswith(mark)), "")


def refuse_expanding(what: str, packed: int, expanded: int) -> None:
    """Say no to a bomb, or to what does not fit into memory, before it is unpacked.

    Raises:
        BadData: with both sizes.
    """
    refuse_ratio(what, packed, expanded)
    refuse_larger_than_memory(what, expanded)


def refuse_ratio(what: str, packed: int, expanded: int) -> None:
    """Say no to much that comes from little.

    Raises:
        BadData: with both sizes.
    """
    if expanded > HARMLESS and expanded > MOST_RATIO * max(packed, 1):
        raise BadData(
            f"{what} would grow from {said(packed)} to {said(expanded)}: it looks like a bomb",
            "if it is none, save it unpacked as .npy",
        )


def refuse_larger_than_memory(what: str, size: int) -> None:
    """Say no to what would have to be held in memory and cannot.

    Raises:
        BadData: with both sizes.
    """
    if size > room():
        raise BadData(
            f"{what} needs {said(size)}, half of the memory is {said(room())}",
            "save it as .npy: it is read from the disk as needed",
        )


def refuse_wide(what: str, columns: int) -> None:
    """Say no to more columns than a net can begin with.

    Raises:
        BadData: with their number.
    """
    if columns > MOST_COLUMNS:
        raise BadData(
            f"{what} has {columns} columns, more than {MOST_COLUMNS}", "leave most of them out"
        )


def said(size: float) -> str:
    """``3.5 GB``."""
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000 or unit == "PB":
            break
        size /= 1000
    return f"{size:.3g} {unit}"


@dataclass(frozen=True)
class Header:
    """What a file .npy says of its array, held against its size; the numbers begin at ``offset``."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    offset: int


def npy_header(stream: IO[bytes], size: int, name: str) -> Header:
    """The header of an array, if it is true.

    Args:
        stream: at the beginning of the file.
        size: of the file in bytes.
        name: for messages.

    Raises:
        BadData: it is no array, holds objects, or its size is not what the header says.
    """
    start = stream.read(12)
    if len(start) < 12 or start[:6] != b"\x93NUMPY":
        raise BadData(f"{name} is no array of NumPy", "save it with numpy.save")
    wide = start[6] >= 2
    [length] = struct.unpack("<I", start[8:12]) if wide else struct.unpack("<H", start[8:10])
    offset = (12 if wide else 10) + length
    if start[6] not in (1, 2, 3) or length > MOST_HEADER or offset > size:
        raise BadData(f"{name} has a header that is damaged", "save it again with numpy.save")
    text = (b"" if wide else start[10:]) + stream.read(length - (0 if wide else 2))
    dtype, shape, fortran = _fields(text.decode("latin-1"), name)
    if dtype.hasobject:
        raise BadData(f"{name} holds Python objects, which can run code", "save plain numbers")
    wanted, there = math.prod(shape) * dtype.itemsize, size - offset
    if wanted != there:
        lie = "is cut off" if wanted > there else "holds more than its header says"
        raise BadData(
            f"{name} {lie}: {said(there)} of numbers for an array of {said(wanted)}",
            "save it again with numpy.save",
        )
    return Header(dtype, shape, fortran, offset)


def _fields(text: str, name: str) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    try:
        fields = ast.literal_eval(text.strip())
        shape, fortran = fields["shape"], fields["fortran_order"]
        dtype = np.dtype(fields["descr"])
        good = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
        if not good or type(fortran) is not bool:
            raise ValueError
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise BadData(f"{name} has a header that is damaged", "save it again") from error
    return dtype, shape, fortran


def members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The arrays in an archive .npz by name, if unpacking them does no harm.

    Raises:
        BadData: it is a bomb, or has members that numpy.savez does not write.
    """
    found = archive.infolist()
    if len(found) > MOST_MEMBERS:
        raise BadData(f"{path} has {len(found)} members, more than {MOST_MEMBERS}", "save fewer")
    names = [each.filename for each in found]
    for each in found:
        _refuse_odd(each, path)
        if names.count(each.filename) > 1:
            raise BadData(f"{path}: two members are named {each.filename!r}", "save it again")
        refuse_expanding(f"{path}, {each.filename}", each.compress_size, each.file_size)
    packed, size = sum(each.compress_size for each in found), path.stat().st_size
    if packed > size:
        raise BadData(f"{path}: its members overlap, as those of a bomb do", "save it again")
    refuse_expanding(str(path), size, sum(each.file_size for each in found))
    return {each.filename.removesuffix(".npy"): each for each in found}


def _refuse_odd(member: zipfile.ZipInfo, path: Path) -> None:
    """Only what numpy.savez writes: plain names, stored or deflated, no links, no passwords."""
    name, mode = member.filename, member.external_attr >> 16
    odd = "\\" in name or name.startswith("/") or ".." in name.split("/") or name.endswith("/")
    packing = member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    why = (
        "has a path for a name" if odd
        else "is a link" if stat.S_ISLNK(mode)
        else "is encrypted" if member.flag_bits & 1
        else "is packed in a way that numpy.savez does not use" if packing
        else "is no array (.npy)" if not name.endswith(".npy")
        else ""
    )  # fmt: skip
    if why:
        raise BadData(f"{path}: the member {name!r} {why}", "save it again with numpy.savez")
