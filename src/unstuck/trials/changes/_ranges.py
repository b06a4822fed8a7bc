"""What the last operation of a network can give."""

from torch import Tensor

_INFINITE = float("inf")
RANGES = {
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, _INFINITE),
    "softplus": (0.0, _INFINITE),
    "exp": (0.0, _INFINITE),
    "abs": (0.0, _INFINITE),
}
_TOLERANCE = 0.001


def leaves_out(name: str, targets: Tensor) -> bool:
    """Whether a function can never give some of the targets."""
    low, high = RANGES.get(name.rstrip("_"), (-_INFINITE, _INFINITE))
    seen = targets.detach()
    return bool(((seen < low - _TOLERANCE) | (seen > high + _TOLERANCE)).any())
