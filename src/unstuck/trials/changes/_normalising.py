"""Normalisations added to a model."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from unstuck.trials.changes._parameters import give
from unstuck.trials.changes._rewriting import rewrite, then
from unstuck.trials.changes._structure import NORMALISATIONS, Call, Structure
from unstuck.trials.changes._watching import Function
from unstuck.trials.replay import NotApplicable, Replay

ENOUGH_FOR_BATCH = 16
"""Samples of a batch from which on its statistics are good: .92 of accuracy at 16, .22 at 2 (question 20)."""
_GROUPS = 8


def hidden_layers(structure: Structure) -> list[Call]:
    """The layers that an activation follows, with no normalisation in between."""
    return [call for call in structure.layers if structure.next_activation(call)]


def normalise(
    replay: Replay, structure: Structure, layers: Sequence[Call], kind: Callable[[Call], nn.Module]
) -> list[nn.Module]:
    """Put a normalisation, of its own parameters, after each of these layers."""
    norms = [kind(call).to(call.result.device, call.result.dtype) for call in layers]
    give(replay, [p for norm in norms for p in norm.parameters()])
    rewrite(
        replay,
        structure,
        [
            (call, then(_following(norm, replay.model)))
            for call, norm in zip(layers, norms, strict=True)
        ],
    )
    return norms


def _following(norm: nn.Module, model: nn.Module) -> Callable[[Tensor], Tensor]:
    """It is in training when the model is."""

    def apply(given: Tensor) -> Tensor:
        norm.train(model.training)
        result: Tensor = norm(given)
        return result

    return apply


def batch_norm(call: Call) -> nn.Module:
    """For many samples; for sequences, whose samples differ in length, one within each position."""
    if not call.name.startswith("conv"):
        return (
            nn.BatchNorm1d(call.features) if call.result.dim() == 2 else nn.LayerNorm(call.features)
        )
    kinds = {3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    return kinds[call.result.dim()](call.features)


def group_norm(call: Call) -> nn.Module:
    """For few samples: within each of them."""
    if not call.name.startswith("conv"):
        return nn.LayerNorm(call.features)
    return nn.GroupNorm(math.gcd(_GROUPS, call.features), call.features)


def samples(layers: Sequence[Call]) -> int:
    """How many samples the batch has."""
    return min(len(call.result) for call in layers)


def replace_batch_norm(replay: Replay, structure: Structure) -> int:
    """Group normalisation where the model has batch normalisation, with its parameters; how many."""
    found = [call for call in structure.calls if call.name == "batch_norm"]
    if found:
        rewrite(replay, structure, [(call, _in_groups) for call in found])
    return len(found)


def _in_groups(function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> Tensor:
    given = dict(
        zip(("input", "running_mean", "running_var", "weight", "bias"), arguments, strict=False)
    )
    given |= keywords
    signal: Tensor = given["input"]
    groups = math.gcd(_GROUPS, signal.shape[1])
    return nn.functional.group_norm(
        signal, groups, given.get("weight"), given.get("bias"), given.get("eps", 1e-5)
    )


def without(structure: Structure) -> list[Call]:
    """Hidden layers that are not normalised.

    Raises:
        NotApplicable: there are none, or the model normalises already.
    """
    if any(call.name in NORMALISATIONS for call in structure.calls):
        raise NotApplicable("the model has normalisations already")
    layers = hidden_layers(structure)
    if not layers:
        raise NotApplicable("no hidden layer is followed by an activation")
    return layers
