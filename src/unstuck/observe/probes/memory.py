"""Large data files that were mapped or read whole, and large arrays that the script holds."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from unstuck.observe import locate
from unstuck.observe.mappings import Mappings, anonymous, total
from unstuck.observe.session import Missing, Session, is_plain
from unstuck.records.finding import Place
from unstuck.records.memory import File, Held
from unstuck.records.memory import Memory as Family

# Below this a copy is no matter.
_LEAST = 64 * 2**20
_ITEMS, _HELD, _FRAMES = 100_000, 64, 6
# Weights are mapped to be copied into a model; libraries are code.
_NO_DATA = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".gguf", ".onnx")


class Memory:
    """Reads attributes and addresses; never an item of a data set."""

    family = "memory"
    session: Session

    def __init__(self) -> None:
        self._at_start = anonymous()
        self._files: dict[str, File] = {}
        self._held: dict[int, Held] = {}
        self._loaders: set[int] = set()
        self._workers = 0
        self._most = 0

    def file_loaded(self, path: str, value: Any, wanted: bool, place: Place | None) -> None:
        """``numpy.load`` gave an array or an archive."""
        size = _size_of(path)
        if size >= _LEAST and len(self._files) < 64:
            mapped = type(value).__name__ == "memmap"
            self._files[str(Path(path).resolve())] = {
                "path": path,
                "size": size,
                "mapped": mapped,
                "wanted_mapped": wanted,
                "place": place,
            }

    def loader_started(self, loader: Any) -> None:
        """The arrays of its data set, once."""
        if id(loader) in self._loaders or len(self._loaders) > 64:
            return
        self._loaders.add(id(loader))
        self._workers = max(self._workers, int(loader.num_workers))
        with self.session.working():
            place = locate.place_of(locate.person_frame(3))
            self._hold_all(_attributes(loader.dataset), place)

    def step_ended(self, step: int) -> None:
        """After the first step: the arrays that the person's own frames name."""
        if step:
            return
        frame = locate.person_frame(2)
        for _ in range(_FRAMES):
            if frame is None:
                break
            self._hold_all(_names(frame), None, frame)
            frame = frame.f_back
        self._most = max(self._most, anonymous())

    def _hold_all(
        self, named: list[tuple[str, Any]], place: Place | None, frame: FrameType | None = None
    ) -> None:
        large = [(name, each, size) for name, each in named if (size := _bytes(each)) >= _LEAST]
        if not large:
            return
        mappings = Mappings.now()
        for path in mappings.files(_LEAST):
            self._map(path)
        for name, value, size in large:
            address = _address(value)
            if address in self._held or len(self._held) >= _HELD:
                continue
            file = mappings.at(address)
            if file:
                self._map(file)
            where = place or locate.global_assignment(frame, name)
            self._held[address] = {
                "name": name,
                "size": size,
                "entries": _entries(value),
                "mapped": bool(file),
                "place": where,
            }

    def _map(self, path: str) -> None:
        size = _size_of(path)
        if size < _LEAST or path.endswith(_NO_DATA) or ".so" in Path(path).name:
            return
        known = self._files.get(path)
        if known is None:
            self._files[path] = {
                "path": path,
                "size": size,
                "mapped": True,
                "wanted_mapped": True,
                "place": None,
            }

    def facts(self) -> Family | Missing:
        """Files and arrays."""
        now = anonymous()
        if not now:
            return Missing("this system does not tell how much memory is backed by files")
        return {
            "anonymous": max(now, self._most),
            "anonymous_at_start": self._at_start,
            "total": total(),
            "workers": self._workers,
            "files": list(self._files.values()),
            "held": list(self._held.values()),
        }


def _size_of(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _attributes(dataset: Any) -> list[tuple[str, Any]]:
    """What a data set holds, also the one behind a subset."""
    found: list[tuple[str, Any]] = []
    for _ in range(3):
        own = getattr(dataset, "__dict__", {})
        for name, value in list(own.items())[:256]:
            found.append((f"{type(dataset).__name__}.{name}", value))
            if isinstance(value, tuple) and len(value) <= 16:
                found += [(f"{type(dataset).__name__}.{name}", each) for each in value]
        inner = own.get("dataset")
        if inner is None or isinstance(inner, Tensor):
            return found
        dataset = inner
    return found


def _names(frame: FrameType) -> list[tuple[str, Any]]:
    spaces = (locate.local_names(frame), frame.f_globals)
    return [(n, v) for space in spaces for n, v in list(space.items()) if not n.startswith("__")]


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) in (numpy.ndarray, numpy.memmap)


def _bytes(value: Any) -> int:
    """How much memory an array, a tensor or a list of them takes."""
    if _is_array(value):
        # A view that repeats its numbers takes less than it shows.
        return int(value.nbytes) if all(value.strides) else 0
    if is_plain(value):
        plain = value.layout == torch.strided and value.device.type == "cpu"
        return value.untyped_storage().nbytes() if plain else 0
    if type(value) is list and 0 < len(value) <= _ITEMS:
        first = value[0]
        if _is_array(first) or is_plain(first):
            return sum(_bytes(each) for each in value if _is_array(each) or is_plain(each))
    return 0


def _entries(value: Any) -> int:
    if type(value) is list:
        return sum(_entries(each) for each in value)
    return int(value.numel() if isinstance(value, Tensor) else value.size)


def _address(value: Any) -> int:
    if type(value) is list:
        return _address(value[0])
    if isinstance(value, Tensor):
        return int(value.untyped_storage().data_ptr())
    return int(value.__array_interface__["data"][0])
