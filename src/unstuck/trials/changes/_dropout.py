"""Rates of dropout, of modules and of functions."""

from collections.abc import Callable

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from unstuck.trials.changes._rewriting import rewrite
from unstuck.trials.changes._structure import DROPOUTS
from unstuck.trials.replay import Replay

Rate = Callable[[float], float]
_KEYWORDS = dict.fromkeys(DROPOUTS, "p") | {"scaled_dot_product_attention": "dropout_p"}


def set_rates(replay: Replay, new: Rate) -> str:
    """Change each rate above 0; in words what became of them, empty if there is none."""
    structure = _functional(replay)
    changed: dict[float, float] = {}

    def exchanged(rate: float) -> float:
        changed[rate] = new(rate)
        return changed[rate]

    for module in {id(m): m for model in replay.models for m in model.modules()}.values():
        name = _attribute(module)
        if name and getattr(module, name) > 0:
            setattr(module, name, exchanged(getattr(module, name)))
    if structure is not None:
        found = [
            (call, _with_rate(exchanged)) for call in structure.calls if call.name in _KEYWORDS
        ]
        for call, _ in found:
            exchanged(call.rate)
        rewrite(replay, structure, found)
    return ", ".join(f"{old:.3g} to {rate:.3g}" for old, rate in sorted(changed.items()))


def _attribute(module: nn.Module) -> str:
    if isinstance(module, _DropoutNd):
        return "p"
    return "dropout" if isinstance(module, nn.RNNBase | nn.MultiheadAttention) else ""
