"""How long work takes, on a machine that does other things as well."""

import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], Any], times: int) -> float:
    """The shortest of several times: what disturbs only adds."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)
