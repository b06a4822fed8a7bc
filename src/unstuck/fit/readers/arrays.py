"""NumPy arrays, tensors and nested lists, in memory or as .npy and .npz files."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unstuck.errors import BadData
from unstuck.fit import limits
from unstuck.fit.examples import Arrays, Examples, Place, row_of
from unstuck.fit.readers import Wish

INPUTS = ("x", "data", "features", "inputs", "images", "x_train")
TARGETS = ("y", "target", "targets", "labels", "label", "y_train")
"""Names that arrays in an archive .npz usually have."""

BLOCK = 2**25
"""Bytes that are looked through together."""


_COLLECTIONS = (list, tuple, set, frozenset)


def takes(data: Any) -> bool:
    """Whether it is an array, a tensor, a list, or such a file."""
    if isinstance(data, Path):
        return data.suffix.lower() in (".npy", ".npz")
    nested = isinstance(data, list | tuple) and not are_pairs(data)
    return nested or isinstance(data, np.ndarray) or _is_tensor(data)


def are_pairs(data: Any) -> bool:
    """Whether it is a list of inputs, each an array or a tensor, with their targets."""
    first = data[0] if isinstance(data, list) and data else None
    return isinstance(first, tuple) and len(first) == 2 and hasattr(first[0], "shape")


def read(data: Any, wish: Wish, y: Any = None) -> Examples:
    """Inputs (rows, ...) and their targets: ``y``, those in the archive, or those in ``--labels``."""
    source = str(data) if isinstance(data, Path) else "the array"
    place = row_of if source == "the array" else lambda row: f"{source}, row {row + 1}"
    values, targets, notes = _opened(data) if isinstance(data, Path) else (array_of(data), None, ())
    names: tuple[str, ...] = ("target",)
    y = opened_npy(wish.labels) if y is None and wish.labels is not None else y
    if y is not None:
        targets, names = targets_of(y)
    elif targets is not None:
        targets, names = targets_of(targets)
    if targets is None and not wish.predicting:
        raise BadData(f"{source}: there are no targets", "a second array y, or --labels FILE.npy")
    inputs = _checked(values, source, place)
    if targets is not None and len(targets) != len(inputs):
        raise BadData(
            f"{source}: {len(inputs)} inputs, but {len(targets)} targets", "each input needs one"
        )
    return Examples(Arrays(inputs, place=place), source, targets, names, place, notes)


def array_of(data: Any) -> NDArray[Any]:
    """An array, tensor or nested list as an array.

    Raises:
        BadData: its rows are of different lengths, or it cannot be one.
    """
    if _is_tensor(data):
        return _of_tensor(data)
    if isinstance(data, list | tuple):
        _refuse_ragged(data)
        data = [array_of(each) if _is_tensor(each) else each for each in data]
    try:
        found = np.asarray(data)
    except (ValueError, TypeError) as error:
        raise BadData("the rows are not of one shape", "give each row as many values") from error
    return _of_objects(found) if found.dtype == object else found


def targets_of(y: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Targets from an array, a tensor, a list (of labels, of numbers or of sets) or a frame's column.

    (rows,) or (rows, columns), and the names of the columns.
    """
    if hasattr(y, "columns"):
        from unstuck.fit.readers import frames

        frame = frames.read(y, Wish(predicting=True)).inputs.frame.to_native()  # type: ignore[union-attr]
        return frames.values_of(frame), tuple(frame.columns)
    if hasattr(y, "to_list") and not isinstance(y, np.ndarray):  # a series
        named = getattr(y, "name", None)
        return _targets(y.to_list()), (str(named) if named not in (None, "") else "target",)
    found = _targets(y)
    if found.ndim == 2 and found.shape[1] > 1:
        return found, tuple(f"target {place}" for place in range(1, found.shape[1] + 1))
    return found.reshape(len(found)), ("target",)


def opened_npy(path: Path) -> NDArray[Any]:
    """A file .npy, mapped: what is not asked for is not read.

    Raises:
        BadData: it is none, or its header lies.
    """
    limits.beginning(path, "\x93NUMPY")
    size = path.stat().st_size
    with path.open("rb") as stream:
        header = limits.npy_header(stream, size, str(path))
    order = "F" if header.fortran else "C"
    if 0 in header.shape:
        raise BadData(f"{path}: there are no examples", "give at least some rows")
    return np.memmap(path, header.dtype, "r", header.offset, header.shape, order)  # type: ignore[call-overload,no-any-return]


def _opened(path: Path) -> tuple[NDArray[Any], NDArray[Any] | None, tuple[str, ...]]:
    """Inputs, targets if there are any, and what of an archive is not read."""
    if path.suffix.lower() == ".npy":
        return opened_npy(path), None, ()
    limits.beginning(path, "PK")
    try:
        with zipfile.ZipFile(path) as archive:
            members = limits.members(archive, path)
            x, y = _names(members, path)
            others = ", ".join(name for name in members if name not in (x, y))
            return (
                _unpacked(archive, members[x], path),
                _unpacked(archive, members[y], path) if y else None,
                (f"not read: {others}",) if others else (),
            )
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise BadData(f"{path} is damaged: {error}", "save it again with numpy.savez") from error


def _names(members: Mapping[str, Any], path: Path) -> tuple[str, str | None]:
    """Of the inputs, and of the targets if there are any."""
    lower = {name.lower(): name for name in members}
    x = next((lower[name] for name in INPUTS if name in lower), None)
    y = next((lower[name] for name in TARGETS if name in lower), None)
    if x is None:
        there = ", ".join(list(members)[:8]) or "nothing"
        raise BadData(f"{path} holds {there}, but no x", "numpy.savez(FILE, x=inputs, y=targets)")
    return x, y


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    name = f"{path}, {member.filename}"
    with archive.open(member) as stream:
        header = limits.npy_header(stream, member.file_size, name)
        content = stream.read()
    order = "F" if header.fortran else "C"
    return np.frombuffer(content, header.dtype).reshape(header.shape, order=order)  # type: ignore[call-overload,no-any-return]


def _checked(values: NDArray[Any], source: str, place: Place) -> NDArray[Any]:
    """Rows of numbers, or images with their channels in front; all of it views.

    Raises:
        BadData: it holds no numbers, or an infinite one.
    """
    if values.dtype.kind not in "biuf":
        raise BadData(f"{source} holds {_kind(values)}, not numbers", "make a table of it")
    if values.ndim == 0 or values.ndim > 4:
        raise BadData(
            f"{source} has {values.ndim} dimensions",
            "rows of numbers have 2, images 3 or 4: rows, channels, height, width",
        )
    if 0 in values.shape:
        raise BadData(f"{source}: there are no examples", f"its shape is {values.shape}")
    if values.ndim < 3:
        values = values.reshape(len(values), -1)
        limits.refuse_wide(source, values.shape[1])
    elif values.ndim == 3:
        values = values[:, None]
    elif values.shape[1] > 4 and values.shape[3] in (1, 3, 4):
        values = np.moveaxis(values, 3, 1)
    _refuse_infinite(values, place)
    return values


def _refuse_infinite(values: NDArray[Any], place: Place) -> None:
    if values.dtype.kind != "f":
        return
    rows = max(1, BLOCK // max(1, values[0].nbytes))
    for begin in range(0, len(values), rows):
        bad = np.isinf(values[begin : begin + rows]).reshape(-1, values[0].size)
        if bad.any():
            row, feature = np.argwhere(bad)[0]
            raise BadData(
                f"{place(begin + int(row))}, feature {feature + 1}: the value is infinite",
                "leave it empty (NaN) if it is not known",
            )


def _targets(y: Any) -> NDArray[Any]:
    if isinstance(y, list | tuple) and any(isinstance(each, _COLLECTIONS) for each in y):
        widths = {len(each) for each in y if isinstance(each, list | tuple)}
        numbers = all(_is_numbers(each) for each in y)
        if not (numbers and len(widths) == 1 and widths != {0}):
            return _collections(y)
    if isinstance(y, list | tuple) and any(isinstance(each, str) for each in y):
        y = np.array(y, dtype=object)  # else NumPy writes None and NaN out as names
    found = array_of(y)
    if found.ndim not in (1, 2) or found.dtype.kind not in "biufUO":
        shape = f"the shape {found.shape}" if found.ndim not in (1, 2) else _kind(found)
        raise BadData(f"the targets have {shape}", "one a row, or some columns")
    if found.ndim == 2 and found.shape[1] == 0:
        raise BadData("the targets have no column", "one a row, or some columns")
    return found


def _collections(y: Any) -> NDArray[Any]:
    found = np.empty(len(y), dtype=object)
    for row, each in enumerate(y):
        if not isinstance(each, _COLLECTIONS) and each is not None:
            raise BadData(f"{row_of(row)}: {each!r} is no collection of labels", "as the others")
        found[row] = None if each is None else list(each)
    return found


def _is_numbers(row: Any) -> bool:
    return isinstance(row, list | tuple) and all(isinstance(each, int | float) for each in row)


def _is_tensor(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "torch" and hasattr(data, "detach")


def _of_tensor(tensor: Any) -> NDArray[Any]:
    tensor = tensor.detach().cpu()
    if tensor.layout is not _strided():
        raise BadData("the tensor is sparse", "give tensor.to_dense()")
    tensor = tensor.float() if tensor.dtype.is_floating_point and tensor.itemsize < 4 else tensor
    found: NDArray[Any] = tensor.numpy()
    return found


def _strided() -> Any:
    import torch

    return torch.strided


def _refuse_ragged(rows: Any) -> None:
    """Say which row differs, before NumPy says that some does."""
    sizes = [
        len(each) if hasattr(each, "__len__") and not isinstance(each, str) else -1 for each in rows
    ]
    if sizes and len(set(sizes)) > 1:
        row = next(row for row, size in enumerate(sizes) if size != sizes[0])
        raise BadData(
            f"{row_of(row)} has {max(sizes[row], 1)} values, the first {max(sizes[0], 1)}",
            "give each row as many values",
        )


def _of_objects(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers with None among them as numbers with NaN; others stay as they are."""
    if all(each is None or isinstance(each, int | float | np.number) for each in values.flat):
        return np.array(values, dtype=np.float64)
    return values


def _kind(values: NDArray[Any]) -> str:
    kinds = {"c": "complex numbers", "M": "dates", "m": "times", "U": "text", "S": "bytes"}
    return kinds.get(values.dtype.kind, "Python objects" if values.dtype == object else "records")
