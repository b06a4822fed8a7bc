"""Calls of functions inside the model, exchanged in every forward from the one under way on."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from unstuck.trials.changes._structure import Call, Structure
from unstuck.trials.changes._watching import (
    Function,
    Hook,
    Place,
    Watching,
    is_alike,
    names_of,
    place_of,
)
from unstuck.trials.replay import Replay

Act = Callable[[Function, Sequence[Any], dict[str, Any]], Any]
"""Given the function and what it is called with: what the call shall return."""


def rewrite(replay: Replay, structure: Structure, chosen: Iterable[tuple[Call, Act]]) -> None:
    """Let the chosen calls return something else, in the model and in copies of it.

    Where all calls at a place are chosen, all are exchanged however many a forward makes.
    """
    acts: dict[Place, dict[int, Act]] = defaultdict(dict)
    for call, act in chosen:
        acts[call.place][call.occurrence] = act
    counts = Counter(call.place for call in structure.calls)
    whole = {place for place, found in acts.items() if len(found) == counts[place]}
    mode = _Rewriting(replay.model, dict(acts), whole)
    replay.change_inputs(mode.begin)
    # Whoever calls the model without the replay's knowledge, as one does who scores it, gets the same.
    replay.model.register_forward_pre_hook(Hook(mode.about_to_run))
    mode.stay(replay.models)


class _Rewriting(Watching):
    def __init__(
        self, model: nn.Module, acts: dict[Place, dict[int, Act]], whole: set[Place]
    ) -> None:
        super().__init__()
        self._model, self._acts, self._whole = model, acts, whole
        self._functions = {place[1] for place in acts}
        self._names: dict[int, str] | None = names_of(model)
        self._counts: Counter[Place] = Counter()

    def begin(
        self, module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """An outermost module is called."""
        self._names = names_of(module) if is_alike(module, self._model) else None
        self._counts.clear()
        return arguments, keywords

    def about_to_run(self, module: nn.Module, arguments: Any) -> None:
        """The model is called, by whomever."""
        self.begin(module, (), {})

    def called(
        self, name: str, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> Any:
        if name not in self._functions or self._names is None:
            return function(*arguments, **keywords)
        place = place_of(name, self._names)
        acts = self._acts.get(place, {})
        number = self._counts[place]
        self._counts[place] += 1
        act = acts.get(number)
        if place in self._whole and act is None:
            act = next(reversed(acts.values()))
        return act(function, arguments, keywords) if act else function(*arguments, **keywords)


def instead(new: Callable[[Tensor], Tensor]) -> Act:
    """Another elementwise function of the same input, in place where the first one is."""

    def act(function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> Tensor:
        given: Tensor = arguments[0] if arguments else keywords["input"]
        if function.__name__.endswith("_") or keywords.get("inplace"):
            return given.copy_(new(given.clone()))
        return new(given)

    return act


def first(new: Callable[[Tensor], Tensor]) -> Act:
    """The same function of a changed input: of the operand that is no weight."""

    def act(function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        if "input" in keywords:
            return function(*arguments, **{**keywords, "input": new(keywords["input"])})
        at = _moving(function.__name__, arguments)
        changed = [new(each) if n == at else each for n, each in enumerate(arguments)]
        return function(*changed, **keywords)

    return act


def _moving(name: str, arguments: Sequence[Any]) -> int:
    """Which argument of a layer is the signal: addmm begins with the bias, products have either first."""
    if name == "addmm":
        return 1
    weight_first = isinstance(arguments[0], nn.Parameter) and len(arguments) > 1
    return 1 if (weight_first and "mul" in name) or (weight_first and name == "mm") else 0


def then(new: Callable[[Tensor], Tensor]) -> Act:
    """A function of what the call returns."""

    def act(function: Function, arguments: Sequence[Any], keywords: dict[str, Any]) -> Tensor:
        return new(function(*arguments, **keywords))

    return act
