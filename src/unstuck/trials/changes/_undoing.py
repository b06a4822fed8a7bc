"""Activations on the way to the loss, and what the predictions were before them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from unstuck.trials.changes._structure import VIEWS
from unstuck.trials.changes._watching import Function, Watching, tensors_in

ONE_SIDED = set(
    "relu relu_ relu6 hardtanh threshold softplus sigmoid sigmoid_ hardsigmoid abs exp gelu silu mish elu "
    "elu_ logsigmoid clamp clamp_ clamp_min maximum leaky_relu".split()
) - {"leaky_relu"}
# A bound on one side only if nothing below zero is left.
TWO_SIDED = {"relu6", "hardtanh", "clamp", "clamp_", "clamp_min", "maximum"}
LINKS = {"log_softmax", "softmax", "sigmoid", "tanh", "tanh_"}
_ATTRIBUTE = "_made_by_activation"


@dataclass(frozen=True)
class Made:
    """How a tensor was made: an activation of ``before``."""

    name: str
    function: Function
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    before: Tensor

    def again(self, given: Tensor) -> Tensor:
        """The same activation of another tensor."""
        result: Tensor = self.function(given, *self.arguments, **self.keywords)
        return result


class Undoing(Watching):
    """Remembers, on each result of an activation and on views of it, what it was made of."""

    def called(
        self, name: str, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> Any:
        given = next(tensors_in([list(arguments), keywords]), None)
        if given is None:
            return function(*arguments, **keywords)
        if name in ONE_SIDED or name in LINKS:
            return self._activated(name, function, given, arguments, keywords)
        result = function(*arguments, **keywords)
        if (name in VIEWS or name == "as_strided") and made_by(given) is not None:
            self._viewed(function, given, result, arguments, keywords)
        return result

    def _activated(
        self,
        name: str,
        function: Function,
        given: Tensor,
        arguments: Sequence[Any],
        keywords: dict[str, Any],
    ) -> Any:
        inside = name.endswith("_") or bool(keywords.get("inplace"))
        made = made_by(given)
        before = given.clone() if inside else given
        if inside and made is not None:
            setattr(before, _ATTRIBUTE, made)
        result = function(*arguments, **keywords)
        if isinstance(result, Tensor):
            rest = {k: v for k, v in keywords.items() if k not in ("input", "inplace")}
            made = Made(name, function, tuple(arguments[1:]), rest, before)
            setattr(result, _ATTRIBUTE, made)
        return result

    def _viewed(
        self,
        function: Function,
        given: Tensor,
        result: Any,
        arguments: Sequence[Any],
        keywords: dict[str, Any],
    ) -> None:
        """An elementwise function and a view may change places."""
        made = made_by(given)
        if made is None or made.name in ("softmax", "log_softmax") or not arguments:
            return
        before = made.before
        if function.__name__ == "as_strided":  # it speaks of the memory, which has to lie alike
            before = _laid_out_like(given, before)
        other = function(before, *arguments[1:], **keywords)
        for one, before in zip(tensors_in(result), tensors_in(other), strict=True):
            if before is not one and one is not given:
                made_now = Made(made.name, made.function, made.arguments, made.keywords, before)
                setattr(one, _ATTRIBUTE, made_now)


def _laid_out_like(given: Tensor, before: Tensor) -> Tensor:
    whole = given.storage_offset() + before.numel()
    memory = before.new_zeros(max(whole, given.untyped_storage().nbytes() // given.element_size()))
    alike = memory.as_strided(given.shape, given.stride(), given.storage_offset())
    return alike.copy_(before)


def made_by(tensor: Tensor) -> Made | None:
    """How a tensor was made, if an activation made it, or what it is a view of."""
    made = getattr(tensor, _ATTRIBUTE, None)
    if isinstance(made, Made):
        return made
    whole = tensor._base
    made = getattr(whole, _ATTRIBUTE, None)
    if whole is None or not isinstance(made, Made) or made.name in ("softmax", "log_softmax"):
        return None
    memory = _laid_out_like(whole, made.before)
    before = memory.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
    return Made(made.name, made.function, made.arguments, made.keywords, before)


def without_activation(tensor: Tensor) -> Tensor:
    """What the tensor was before activations that are bounded on one side."""
    made = made_by(tensor)
    while made is not None and made.name in ONE_SIDED:
        if made.name in TWO_SIDED and bool((tensor.detach() < 0).any()):
            break
        tensor = made.before
        made = made_by(tensor)
    return tensor
