"""Run the experiment of a question and judge what it saw."""

import datetime
import importlib
import math
import platform
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from unstuck.errors import UsageError
from unstuck.questions._evidence import Evidence, Result
from unstuck.questions._lab import Lab, Measured, Prediction, Say, interval, verdict


def module_of(name: str, slug: str) -> ModuleType:
    """The file of a question, imported."""
    return importlib.import_module(f"unstuck.questions.{name}_{slug.replace('-', '_')}")


def prove(name: str, slug: str, seeds: Sequence[int], say: Say) -> Evidence:
    """Run the experiment with these seeds, on one thread, and hold it against its predictions.

    Raises:
        UsageError: scikit-learn, from which the data come, is not installed.
    """
    torch = _libraries()
    module = module_of(name, slug)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that the same seeds give the same numbers on any number of cores
    begun = time.perf_counter()
    try:
        with torch.random.fork_rng():
            measured: Measured = module.experiment(Lab(tuple(seeds), say))
    finally:
        torch.set_num_threads(threads)
    return Evidence(
        question=name,
        date=datetime.date.today().isoformat(),
        seeds=tuple(seeds),
        seconds=round(time.perf_counter() - begun, 1),
        versions=_versions(),
        results=tuple(_judged(each, measured) for each in module.PREDICTIONS),
        numbers=_finite(measured),
        series=measured.series,
    )


def _judged(prediction: Prediction, measured: Measured) -> Result:
    values = list(map(float, measured.numbers[prediction.number]))
    low, high = interval(values)
    return Result(
        says=prediction.says,
        number=prediction.number,
        bounds=prediction.bounds,
        verdict=verdict(prediction, values),
        mean=math.fsum(values) / len(values),
        interval=(low, high),
        claim=prediction.claim,
        limit=prediction.limit,
        share=prediction.share,
    )


def _finite(measured: Measured) -> dict[str, list[float]]:
    numbers = {name: list(map(float, values)) for name, values in measured.numbers.items()}
    for name, values in numbers.items():
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{name} is not finite with every seed: {values}")
    return numbers


def _libraries() -> Any:
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "the experiments need scikit-learn, from which their data come",
            "pip install 'unstuck[examples]'",
        ) from error
    import torch

    return torch


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    libraries = {name: version(name) for name in ("torch", "numpy", "scikit-learn")}
    return {"Python": platform.python_version()} | libraries
