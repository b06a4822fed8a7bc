"""One file a probe: what happens in, one family of facts out. Found by name, no list.

A probe is a class with a ``family``, a ``session`` that is set for it, any of the methods named in
``session.EVENTS``, and ``facts()``, which gives the family (plain data), a ``Missing``, or None.
"""

import importlib
import pkgutil
from pathlib import Path
from typing import Any


def all_probes() -> list[Any]:
    """A new probe of each kind: every public module here defines the class named after it."""
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = [importlib.import_module(f"unstuck.observe.probes.{name}") for name in names]
    kinds = [
        getattr(m, "".join(w.title() for w in m.__name__.split(".")[-1].split("_")))
        for m in modules
    ]
    return [kind() for kind in kinds]
