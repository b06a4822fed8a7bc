"""The change of the same name."""

import torch

from unstuck.trials.changes._rewriting import instead, rewrite
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import NotApplicable, Replay

_SATURATING = {"sigmoid", "sigmoid_", "tanh", "tanh_", "hardsigmoid", "softsign"}


def swap_saturating_activation(replay: Replay) -> str:
    """ReLU instead of sigmoid and tanh where the result goes into a layer: no gates, no outputs."""
    structure = structure_of(replay)
    found = [c for c in structure.calls if c.name in _SATURATING and structure.reaches_layer(c)]
    if not found:
        raise NotApplicable("no hidden layer is followed by sigmoid or tanh")
    rewrite(replay, structure, [(call, instead(torch.relu)) for call in found])
    names = " and ".join(sorted({call.name.rstrip("_") for call in found}))
    return f"ReLU instead of {names} at {len(found)} place{'s' * (len(found) > 1)}"
