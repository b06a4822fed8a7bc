"""Do something right after ``torch`` is first imported, and nothing before.

The script may set OMP_NUM_THREADS or CUDA_VISIBLE_DEVICES above its ``import torch``; importing torch
earlier on its behalf would change its threads, and with them its last bits.
"""

import importlib.machinery
import os
import sys
import types
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from typing import Any


def after_torch(act: Callable[[], None]) -> None:
    """Call ``act`` once this process imports torch; at once, if it already has."""
    if "torch" in sys.modules:
        act()
    else:
        sys.meta_path.insert(0, _TorchFinder(act))


class _TorchFinder(MetaPathFinder):
    """Finds torch as the others would, and has its loader call ``act`` at the end.

    It stays until torch is imported: libraries ask where torch is long before, or without, importing.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._owner = os.getpid()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "torch":
            return None
        others = [each for each in sys.meta_path if each is not self and hasattr(each, "find_spec")]
        specs = (each.find_spec(fullname, path, target) for each in others)
        spec = next(filter(None, specs), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _ActingLoader(spec.loader, self._imported)
        return spec

    def _imported(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            if os.getpid() == self._owner:  # a forked worker records nothing
                self._act()


class _ActingLoader(Loader):
    """The real loader for the time of one import, when it puts the real one back."""

    def __init__(self, real: Loader, act: Callable[[], None]) -> None:
        self._real = real
        self._act = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        module.__loader__ = self._real
        self._real.exec_module(module)
        self._act()
