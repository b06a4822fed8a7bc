"""Rates of dropout, of modules and of functions."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from unstuck.trials.changes._rewriting import Act, rewrite
from unstuck.trials.changes._structure import DROPOUTS, Structure, structure_of
from unstuck.trials.changes._watching import Function
from unstuck.trials.replay import NotApplicable, Replay

Rate = Callable[[float], float]


def set_rates(replay: Replay, new: Rate) -> str:
    """Change each rate above 0; in words what became of them, empty if there is none."""
    changed: dict[float, float] = {}
    modules = {id(module): module for model in replay.models for module in model.modules()}
    found = _functional(replay)
    for module in modules.values():
        name = _attribute(module)
        rate = getattr(module, name) if name else 0.0
        if rate > 0:
            changed[rate] = new(rate)
            setattr(module, name, new(rate))
    if found is not None:
        structure, calls = found
        changed |= {call.keywords["p"]: new(call.keywords["p"]) for call in calls}
        rewrite(replay, structure, [(call, _with_rate(new)) for call in calls])
    return ", ".join(f"{old:.3g} to {rate:.3g}" for old, rate in sorted(changed.items()))


def _attribute(module: nn.Module) -> str:
    if isinstance(module, _DropoutNd):
        return "p"
    return "dropout" if isinstance(module, nn.RNNBase | nn.MultiheadAttention) else ""


def _functional(replay: Replay) -> tuple[Structure, list[Any]] | None:
    """The calls of dropout functions that belong to no module of torch; None if there are none."""
    try:
        structure = structure_of(replay)
    except NotApplicable:
        return None
    modules = dict(replay.model.named_modules())
    calls = [
        call
        for call in structure.calls
        if call.name in DROPOUTS
        and not isinstance(modules[call.place[0]], _DropoutNd)
        and call.keywords.get("p", 0) > 0
    ]
    return (structure, calls) if calls else None


def _with_rate(new: Rate) -> Act:
    def act(function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        return function(*arguments, **{**keywords, "p": new(keywords["p"])})

    return act
