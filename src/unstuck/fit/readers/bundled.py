"""Data that come with scikit-learn, by name."""

from typing import Any

from unstuck.errors import UsageError
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.readers import Wish

NAMES = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")


def takes(data: Any) -> bool:
    """Whether it is such a name."""
    return isinstance(data, str) and data in NAMES


def read(data: str, wish: Wish, y: Any = None) -> Examples:
    """The whole set; digits as numbers, not as images: 8 x 8 pixels teach convolutions nothing."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{data}")()
    several = bunch.target.ndim == 2
    targets = bunch.target if "target_names" not in bunch or several else _named(bunch)
    columns = tuple(map(str, bunch.target_names)) if several else ("target",)
    if wish.target and wish.target != columns:
        raise UsageError(f"{data} has its own target", f"--target {','.join(columns)}, or leave it")
    return Examples(Arrays(bunch.data, _words(bunch.feature_names)), data, targets, columns)


def _named(bunch: Any) -> Any:
    return bunch.target_names[bunch.target]


def _words(names: Any) -> tuple[str, ...]:
    return tuple(map(str, names))
