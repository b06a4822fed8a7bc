"""The change of the same name."""

from torch import Tensor
from torch.nn import functional

from unstuck.trials.changes._rewriting import instead, rewrite
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import NotApplicable, Replay

_SLOPE = 0.01


def leaky_activation(replay: Replay) -> str:
    """Leaky ReLU instead of ReLU where the result goes into a layer."""
    structure = structure_of(replay)
    found = [
        call
        for call in structure.calls
        if call.name in ("relu", "relu_", "relu6") and structure.reaches_layer(call)
    ]
    if not found:
        raise NotApplicable("no hidden layer is followed by ReLU")
    rewrite(replay, structure, [(call, instead(_leaky)) for call in found])
    return (
        f"leaky ReLU (slope {_SLOPE}) instead of ReLU at {len(found)} place{'s' * (len(found) > 1)}"
    )


def _leaky(given: Tensor) -> Tensor:
    return functional.leaky_relu(given, _SLOPE)
