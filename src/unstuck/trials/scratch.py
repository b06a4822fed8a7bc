"""Files that a replay writes: in memory, under the names it gave them, gone with its process.

A replay goes on with the script as it is, checkpoints and logs included. What it writes must be there
when it reads it again, and nowhere else: every file opened for writing becomes one in memory
(``memfd_create``), and the names in between are kept here. Reading anything else is as ever.
"""

import builtins
import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any

LIMIT = 2**30
"""Bytes that one replay may write."""
# In memory there is no name to be made, to be new, or to be a link.
_NAMING = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Scratch:
    """The files, by absolute path; ``None`` for one that was removed."""

    def __init__(self) -> None:
        self._files: dict[str, int | None] = {}
        self._folders: set[str] = set()

    def attach(self) -> None:
        """Put ourselves before the functions with which Python and torch open and move files."""
        _open, os_open = builtins.open, os.open

        def opened(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
            if not isinstance(file, str | bytes | os.PathLike):
                return _open(file, mode, *arguments, **keywords)
            if keywords.pop("opener", None) is not None or any(c in mode for c in "wax+"):
                return _open(
                    self._for_writing(file, mode), mode.replace("x", "w"), *arguments, **keywords
                )
            return _open(self.place(file), mode, *arguments, **keywords)

        def os_opened(path: Any, flags: int, *arguments: Any, **keywords: Any) -> int:
            if flags & _WRITING and not keywords.get("dir_fd") and not _is_device(path):
                mode = "w" if flags & os.O_TRUNC else "a"
                return os_open(self._for_writing(path, mode), flags & ~_NAMING)
            return os_open(self.place(path), flags, *arguments, **keywords)

        builtins.open = io.open = opened
        os.open = os_opened
        for name in ("remove", "unlink"):
            setattr(os, name, self._remove)
        for name in ("rename", "replace"):
            setattr(os, name, self._move)
        for name in ("mkdir", "rmdir", "chmod", "utime"):
            setattr(os, name, self._silently(getattr(os, name)))
        for name in ("stat", "lstat"):
            setattr(os, name, self._reading(getattr(os, name)))

    def attach_torch(self) -> None:
        """The same for torch, once it is imported: it opens a checkpoint by its name, below Python."""
        torch: Any = sys.modules["torch"]
        save = torch.save

        def saved(value: Any, f: Any, *arguments: Any, **keywords: Any) -> None:
            if isinstance(f, str | os.PathLike):
                with builtins.open(f, "wb") as file:
                    save(value, file, *arguments, **keywords)
            else:
                save(value, f, *arguments, **keywords)

        torch.save = torch.serialization.save = saved

    def place(self, path: Any) -> Any:
        """Where the file of this name is: in memory if the replay wrote it, else where it says.

        Raises:
            FileNotFoundError: the replay removed it.
        """
        if not isinstance(path, str | bytes | os.PathLike):
            return path
        known = self._files.get(_absolute(path), -1)
        if known is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return path if known == -1 else f"/proc/self/fd/{known}"

    def _for_writing(self, path: Any, mode: str) -> str:
        if _is_device(path):
            return os.fsdecode(path)
        name = _absolute(path)
        known = self._files.get(name, -1)
        if known is None or known == -1:
            fresh = os.memfd_create("replay")
            if known == -1 and "w" not in mode:
                _fill(fresh, name)
            self._files[name] = known = fresh
        if sum(os.fstat(file).st_size for file in self._files.values() if file) > LIMIT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
        return f"/proc/self/fd/{known}"

    def _remove(self, path: Any, *_: Any, **__: Any) -> None:
        os.stat(path)  # noqa: PTH116 - raises if there is none
        self._files[_absolute(path)] = None

    def _move(self, old: Any, new: Any, *_: Any, **__: Any) -> None:
        known = self._files.get(_absolute(old), -1)
        if known == -1:
            known = os.memfd_create("replay")
            _fill(known, _absolute(old))
        self._files[_absolute(new)] = known
        self._files[_absolute(old)] = None

    def _silently(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Folders and rights are not what a replay is about."""

        def act(path: Any, *_: Any, **__: Any) -> None:
            name = _absolute(path)
            if original.__name__ == "mkdir":
                if os.path.isdir(path) or name in self._folders:  # noqa: PTH112
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
                self._folders.add(name)

        return act

    def _reading(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def act(path: Any, *arguments: Any, **keywords: Any) -> Any:
            if not isinstance(path, str | bytes | os.PathLike) or keywords.get("dir_fd"):
                return original(path, *arguments, **keywords)
            if _absolute(path) in self._folders:
                return original(os.sep)
            return original(self.place(path), *arguments, **keywords)

        return act


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100


def _is_device(path: Any) -> bool:
    return _absolute(path).startswith(("/dev/", "/proc/"))


def _fill(memory: int, name: str) -> None:
    """The contents that are to be appended to."""
    try:
        with io.FileIO(name) as source:
            os.write(memory, source.readall())
    except FileNotFoundError:
        pass
