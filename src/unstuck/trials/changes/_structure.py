"""What a model computes, from one pass in evaluation mode that leaves no trace."""

import contextlib
import inspect
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_map

from unstuck.observe.guard import Guard
from unstuck.trials.changes._draws import own_draws
from unstuck.trials.changes._watching import (
    Function,
    Place,
    Watching,
    functions_seen,
    names_of,
    place_of,
    tensors_in,
    uncompiled,
)
from unstuck.trials.replay import NotApplicable, Replay

AFFINE = {"linear", "addmm", "matmul", "mm", "__matmul__", "__rmatmul__"} | {
    f"conv{kind}{dimensions}d" for kind in ("", "_transpose") for dimensions in (1, 2, 3)
}
ACTIVATIONS = set(
    "relu relu_ relu6 hardtanh leaky_relu leaky_relu_ prelu rrelu elu elu_ selu selu_ celu gelu silu "
    "mish softplus softsign tanh tanh_ sigmoid sigmoid_ hardsigmoid hardswish logsigmoid exp abs "
    "threshold clamp clamp_ clamp_min maximum glu tanhshrink softshrink hardshrink sin cos".split()
)
NORMALISATIONS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
# What an elementwise function may change places with.
VIEWS = set(
    "view reshape view_as reshape_as flatten unflatten ravel squeeze squeeze_ unsqueeze unsqueeze_ "
    "permute transpose transpose_ t movedim swapaxes swapdims contiguous clone __getitem__ narrow select "
    "expand chunk split unbind to float half bfloat16 double type cpu cuda __get__ index_select".split()
)
DROPOUTS = {"dropout", "dropout_", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"} | {
    "feature_alpha_dropout"
}
POOLS = {
    f"{kind}_pool{dimensions}d"
    for kind in ("avg", "adaptive_avg", "max", "adaptive_max")
    for dimensions in (1, 2, 3)
} | {"mean", "amax", "max_pool2d_with_indices", "boolean_dispatch", "fn"}
_SCALINGS = set(
    "add __add__ __radd__ __iadd__ add_ sub __sub__ __rsub__ mul __mul__ __rmul__ ".split()
)
SCALINGS = _SCALINGS | {"div", "__truediv__", "mul_", "div_", "__imul__"}
_JOINS = {"cat", "stack", "concat", "concatenate"}
ADDITIONS = {"add", "__add__", "__radd__", "__iadd__", "add_"}


@dataclass(frozen=True)
class Call:
    """One call of a function in the pass.

    ``occurrence`` counts the calls at the same place. ``sources`` are the numbers of the calls whose
    results it received; ``operands`` how many of its tensors are not made of parameters alone;
    ``received`` is the shape of the first of these.
    """

    number: int
    place: Place
    occurrence: int
    sources: tuple[int, ...]
    operands: int
    parameters: tuple[nn.Parameter, ...]
    received: torch.Size
    result: Tensor
    keywords: dict[str, Any]

    @property
    def name(self) -> str:
        """The function's."""
        return self.place[1]

    @property
    def is_affine(self) -> bool:
        """Whether it is a layer: something times weights."""
        return self.name in AFFINE and self.operands == 1

    @property
    def features(self) -> int:
        """The size of what a layer makes."""
        return feature_dimension(self.name, self.result)

    @property
    def is_linear(self) -> bool:
        """Whether nothing but a view, a factor or a constant is added: no layer, no activation."""
        if self.name in SCALINGS:
            return self.operands == 1
        return self.name in VIEWS or self.name in DROPOUTS


def feature_dimension(name: str, result: Tensor) -> int:
    """How many outputs a layer has."""
    return result.shape[1] if name.startswith("conv") and result.dim() > 2 else result.shape[-1]


@dataclass
class Structure:
    """The calls of the pass, the output, and which call made each of its tensors."""

    calls: list[Call]
    output: Any
    makers: list[int | None]
    readers: dict[int, list[Call]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for call in self.calls:
            for source in call.sources:
                self.readers.setdefault(source, []).append(call)

    @property
    def layers(self) -> list[Call]:
        """The affine calls, in order."""
        return [call for call in self.calls if call.is_affine]

    def ending(self, maker: int | None) -> str:
        """The name of the last function of an output, views aside."""
        while maker is not None:
            call = self.calls[maker]
            if call.name not in VIEWS:
                return call.name
            maker = call.sources[0] if call.sources else None
        return ""

    def reaches_layer(self, call: Call) -> bool:
        """Whether the result goes into a layer, on a way on which it is no gate."""
        waiting, seen = [call.number], {call.number}
        while waiting:
            for reader in self.readers.get(waiting.pop(), []):
                if reader.is_affine:
                    return True
                if reader.number not in seen and _carries(reader):
                    seen.add(reader.number)
                    waiting.append(reader.number)
        return False

    def next_activation(self, call: Call) -> bool:
        """Whether the result goes to an activation, with only views and constants on the way."""
        for reader in self.readers.get(call.number, []):
            if reader.name in ACTIVATIONS or (reader.is_linear and self.next_activation(reader)):
                return True
        return False

    def weights_of(self, layer: Call) -> list[nn.Parameter]:
        """The parameters of a layer, with those added to its result by hand."""
        found, waiting = list(layer.parameters), [layer.number]
        while waiting:
            for reader in self.readers.get(waiting.pop(), []):
                if reader.is_linear:
                    found += reader.parameters
                    waiting.append(reader.number)
        return found

    def last_layer(self) -> Call:
        """The layer whose result is the output, or what the output is made of.

        Raises:
            NotApplicable: there is none.
        """
        calls = {call.number: call for call in self.calls}
        waiting = [number for number in self.makers if number is not None]
        while waiting:
            call = calls[waiting.pop(0)]
            if call.is_affine:
                return call
            waiting += call.sources
        if self.layers:
            return self.layers[-1]
        raise NotApplicable("no layer was found in the model")


def _carries(call: Call) -> bool:
    """Whether what comes out is still what went in, seen by a later layer."""
    carried = call.is_linear or call.name in POOLS | NORMALISATIONS | _JOINS | ADDITIONS
    return carried or call.name in ("relu", "relu_")


def structure_of(replay: Replay) -> Structure:
    """Run the model once on what it is about to be called with.

    Raises:
        NotApplicable: the model cannot be run twice, or nothing of it is seen.
    """
    model = replay.model
    if any(is_lazy(parameter) for parameter in model.parameters()):
        raise NotApplicable("layers of the model get their shape at the first call")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise NotApplicable("the model is compiled by torch.jit")
    pass_ = _Pass(model)
    guard = Guard()
    with _leaving_no_trace(model), _unreported_losses():
        arguments = tree_map(_copied, replay.arguments)
        keywords = tree_map(_copied, replay.keywords)
        output = guard.run("pass", pass_.run, model, arguments, keywords)
    if guard.losses:
        reason = guard.losses["pass"].removeprefix("not recorded: ")
        raise NotApplicable(f"the model cannot be run once more ({reason})")
    if not any(call.is_affine for call in pass_.calls):
        raise NotApplicable("no layer of the model can be seen")
    made = [pass_.maker(tensor) for tensor in tensors_in(_plain(output))]
    return Structure(pass_.calls, output, made)


def _plain(output: Any) -> Any:
    """Outputs of model libraries are classes with a dictionary, or with attributes."""
    if isinstance(output, Tensor | dict | list | tuple):
        return output
    return vars(output) if hasattr(output, "__dict__") else ()


def _copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


class _Pass(Watching):
    """Notes each call, and on each result which call made it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._names = names_of(model)
        self._counts: Counter[Place] = Counter()
        self._made: dict[int, tuple[int | None, Tensor]] = {}

    def run(self, model: nn.Module, arguments: Any, keywords: Any) -> Any:
        with functions_seen(), uncompiled(), torch.no_grad(), self:
            return model(*arguments, **keywords)

    def maker(self, tensor: Tensor) -> int | None:
        """The call that made a tensor."""
        number, _ = self._made.get(id(tensor), (None, tensor))
        return number

    def called(
        self, name: str, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> Any:
        given = list(tensors_in([arguments, keywords]))
        moving = [each for each in given if not self._is_weight(each)]
        sources = tuple(n for n in (self.maker(each) for each in moving) if n is not None)
        received = moving[0].shape if moving else torch.Size()
        weights = tuple(each for each in given if isinstance(each, nn.Parameter))
        result = function(*arguments, **keywords)
        made = list(tensors_in(result))
        if not made:
            return result
        if not moving and given:
            for each in made:  # made of weights alone: a weight still
                self._made[id(each)] = (None, each)
            return result
        number = len(self.calls)
        place = place_of(name, self._names)
        self.calls.append(
            Call(
                number,
                place,
                self._counts[place],
                sources,
                len(moving),
                weights,
                received,
                made[0],
                keywords,
            )
        )
        self._counts[place] += 1
        for each in made:
            self._made[id(each)] = (number, each)  # kept, so that no other gets its id
        return result

    def _is_weight(self, tensor: Tensor) -> bool:
        known = self._made.get(id(tensor))
        return isinstance(tensor, nn.Parameter) or (known is not None and known[0] is None)


@contextlib.contextmanager
def _leaving_no_trace(model: nn.Module) -> Iterator[None]:
    """Evaluation mode; afterwards modes, buffers, attributes and random states are as they were."""
    modules = list(model.modules())
    attributes = [(dict(vars(module)), dict(module._buffers)) for module in modules]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    numpy = sys.modules.get("numpy")
    numbers = numpy.random.get_state() if numpy is not None else None
    python = random.getstate()
    try:
        with own_draws(0):
            for module in modules:
                module.training = False
            yield
    finally:
        for module, (own, tensors) in zip(modules, attributes, strict=True):
            vars(module).clear()
            vars(module).update(own)
            module._buffers.clear()
            module._buffers.update(tensors)
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        random.setstate(python)
        if numpy is not None:
            numpy.random.set_state(numbers)


@contextlib.contextmanager
def _unreported_losses() -> Iterator[None]:
    """A loss inside the model is none of the run's."""
    reporting = {
        name: function
        for name, function in vars(functional).items()
        if hasattr(function, "__wrapped__") and inspect.isfunction(function)
    }
    for name, function in reporting.items():
        setattr(functional, name, inspect.unwrap(function))
    try:
        yield
    finally:
        for name, function in reporting.items():
            setattr(functional, name, function)
