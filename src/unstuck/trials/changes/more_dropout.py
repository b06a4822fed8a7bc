"""The change of the same name."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from unstuck.trials.changes._dropout import set_rates
from unstuck.trials.changes._rewriting import rewrite, then
from unstuck.trials.changes._structure import ACTIVATIONS, structure_of
from unstuck.trials.replay import NotApplicable, Replay

_RATE = 0.5
"""Of hidden units, as in Srivastava et al. 2014, Dropout."""


def more_dropout(replay: Replay) -> str:
    """Half of what each rate keeps is dropped too; where there is no dropout, half of the hidden units."""
    changed = set_rates(replay, lambda rate: rate + (1 - rate) / 2)
    if changed:
        return f"dropout {changed}"
    structure = structure_of(replay)
    found = [c for c in structure.calls if c.name in ACTIVATIONS and structure.reaches_layer(c)]
    if not found:
        raise NotApplicable("the model has neither dropout nor a hidden activation")
    drop = _dropping(replay.model, replay.seed)
    rewrite(replay, structure, [(call, then(drop)) for call in found])
    return f"dropout {_RATE} after {len(found)} activation{'s' * (len(found) > 1)}"


def _dropping(model: nn.Module, seed: int) -> Callable[[Tensor], Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def drop(given: Tensor) -> Tensor:
        if not model.training:
            return given
        kept = torch.rand(given.shape, generator=generator) >= _RATE
        return given * kept.to(given.device) / (1 - _RATE)

    return drop
