"""A folder of images: one folder inside it for each class, or a table of labels beside the files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unstuck.errors import BadData
from unstuck.fit import labels
from unstuck.fit.examples import Examples, Pictures
from unstuck.fit.pictures import SUFFIXES, headers
from unstuck.fit.readers import Wish, tables

TABLE = "labels.csv"

PARTS = {"train", "training", "val", "valid", "validation", "test", "testing"}
"""Names of folders that are no classes but halves of a data set."""

_LAYOUT = f"a folder for each class, or a table {TABLE}: file,label"


def takes(data: Any) -> bool:
    """Whether it is a folder, or an image to predict for."""
    return isinstance(data, Path) and (_is_image(data.name) or _is_folder(data))


def read(data: Path, wish: Wish, y: Any = None) -> Examples:
    """The files with their labels; targets are given for predicting too, where the folder has them.

    Raises:
        BadData: a folder or file cannot be read, or has no label.
    """
    if y is not None:
        raise BadData(f"{data}: a folder has its labels in itself", _LAYOUT)
    if not data.is_dir():
        if not wish.predicting:
            raise BadData(f"{data}: one image is nothing to train on", _LAYOUT)
        return _examples(data, [data], None, wish)
    files, others = _walked(data)
    notes = _left_out(data, others, "no images")
    table = wish.labels or data / TABLE
    if wish.labels or table.is_file():
        found = labels.read(table, wish.target)
        paths, left = _named(data, files, found, table)
        notes += _left_out(data, left, "without a label")
        return _examples(data, paths, found.targets, wish, found.names, notes)
    if not files:
        raise BadData(f"{data}: there is no image in it", f"images end in {', '.join(SUFFIXES)}")
    return _examples(data, files, _classes(data, files, wish), wish, notes=notes)


def _examples(
    data: Path,
    paths: Sequence[Path],
    targets: NDArray[Any] | None,
    wish: Wish,
    names: Sequence[str] = ("class",),
    notes: Sequence[str] = (),
) -> Examples:
    several = [path for path, head in zip(paths, headers(paths), strict=True) if head.several]
    if several:
        notes = [*notes, f"{_some(data, several)}: more than one frame, the first is taken"]
    place = [_name(data, path) for path in paths].__getitem__
    return Examples(Pictures(paths), str(data), targets, tuple(names), place, tuple(notes))


def _walked(data: Path) -> tuple[list[Path], list[Path]]:
    """All images in it, sorted, and the files that are none; what is hidden does not count."""
    images: list[Path] = []
    others: list[Path] = []
    for path in _files(data, ()):
        if not _is_image(path.name):
            others.append(path)
        elif not path.is_file():
            why = "the link leads nowhere" if path.is_symlink() else "this is no file"
            raise BadData(f"{path}: {why}", "replace it or take it out")
        else:
            images.append(path)
    return images, others


def _files(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    try:
        status, entries = folder.stat(), sorted(folder.iterdir())
    except OSError as error:
        raise BadData(
            f"cannot read {folder}: {error.strerror}", "name a folder of images"
        ) from error
    identity = status.st_dev, status.st_ino
    if identity in above:
        raise BadData(f"{folder} leads back to a folder above it", "remove the loop of links")
    for path in filter(_counts, entries):
        if path.is_dir():
            yield from _files(path, (*above, identity))
        else:
            yield path


def _counts(path: Path) -> bool:
    """Not what systems and editors leave in folders."""
    return not path.name.startswith((".", "__MACOSX"))


def _classes(data: Path, files: Sequence[Path], wish: Wish) -> NDArray[Any] | None:
    """The folder right below ``data`` in which each file lies."""
    loose = [path for path in files if path.parent == data]
    if len(loose) == len(files) or (loose and wish.predicting):
        if wish.predicting:
            return None
        raise BadData(f"{data}: {len(files)} images without labels", _LAYOUT)
    if loose:
        raise BadData(
            f"{_some(data, loose)}: in no class's folder", "move it into one, or take it out"
        )
    found = [path.relative_to(data).parts[0] for path in files]
    if not wish.predicting:
        _refuse_parts(data, set(found))
        _refuse_empty(data, set(found))
    return np.array(found)


def _refuse_parts(data: Path, names: set[str]) -> None:
    if {name.lower() for name in names} <= PARTS:
        part = sorted(names, key=lambda name: not name.lower().startswith("train"))[0]
        raise BadData(
            f"{data}: {', '.join(sorted(names))} are parts of a data set, not classes",
            f"give one of them, such as {data / part}: rows to choose and to judge by are held out of it",
        )


def _refuse_empty(data: Path, names: set[str]) -> None:
    folders = {path.name for path in filter(_counts, data.iterdir()) if path.is_dir()}
    empty = sorted(folders - names)
    if empty:
        raise BadData(
            f"{data / empty[0]}: the class has no image", "add some, or remove the folder"
        )


def _named(
    data: Path, files: Sequence[Path], found: labels.Labels, table: Path
) -> tuple[list[Path], list[Path]]:
    """The files that the table names, as they stand in it, and those that it does not name."""
    by_name = {_name(data, path): path for path in files}
    for path in files:  # some tables name files without their ending
        by_name.setdefault(_name(data, path.with_suffix("")), path)
    missing = [place for place, file in enumerate(found.files) if file not in by_name]
    if missing:
        others = f", nor {len(missing) - 1} others" if len(missing) > 1 else ""
        raise BadData(
            f"{table}, line {found.lines[missing[0]]}: "
            f"there is no image {found.files[missing[0]]!r} in {data}{others}",
            f"names are relative to {data}",
        )
    paths = [by_name[file] for file in found.files]
    taken = set(paths)
    return paths, [path for path in files if path not in taken]


def _left_out(data: Path, paths: Sequence[Path], why: str) -> list[str]:
    paths = [path for path in paths if path != data / TABLE]
    return [f"left out, as {why}: {_some(data, paths)}"] if paths else []


def _some(data: Path, paths: Sequence[Path], most: int = 3) -> str:
    shown = ", ".join(_name(data, path) for path in paths[:most])
    return shown + (f" and {len(paths) - most} others" if len(paths) > most else "")


def _name(data: Path, path: Path) -> str:
    """As a person names it within the folder."""
    return path.name if path == data else path.relative_to(data).as_posix()


def _is_folder(path: Path) -> bool:
    """One that is called as a table is more likely a slip."""
    try:
        return path.is_dir() and not tables.takes(path)
    except OSError:  # a name too long, a place that may not be looked into
        return False


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)
