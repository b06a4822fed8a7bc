"""``unstuck doctor``: versions, devices, and what is installed."""

import importlib.util
import os
from importlib.metadata import PackageNotFoundError, version

from unstuck.observe.watching import versions

_PACKAGES = ("torch", "numpy", "rich", "jinja2", "altair", "vl-convert-python", "scikit-learn")


def doctor() -> None:
    """Print what a bug report needs."""
    print("\n".join([*_system(), "", *_packages(), "", *_devices()]))


def _system() -> list[str]:
    found = versions()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        f"unstuck {found['unstuck']}, Python {found['python']}, {found['system']}, {cores} cores"
    ]


def _packages() -> list[str]:
    return [f"{name:<20}{_version(name)}" for name in _PACKAGES]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return (
            "not installed (pip install 'unstuck[examples]')"
            if name == "scikit-learn"
            else "not installed"
        )


def _devices() -> list[str]:
    if importlib.util.find_spec("torch") is None:
        return ["torch is not installed: pip install torch"]
    import torch

    lines = [f"torch threads: {torch.get_num_threads()}"]
    if not torch.cuda.is_available():
        return [*lines, "no CUDA device: everything works on the CPU"]
    count = torch.cuda.device_count()
    return [*lines, *(f"cuda:{n} {torch.cuda.get_device_name(n)}" for n in range(count))]
