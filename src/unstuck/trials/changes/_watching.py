"""Every function of torch that the script calls, seen and exchanged: modules and functional style alike.

A function mode is no good guest in a run that is only watched (it switches fast paths off); a replay
is thrown away. It stays on to the end, so that recomputed forwards are treated like the first.
"""

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

Function = Callable[..., Any]
_FUNCTIONAL = ("/torch/nn/functional.py", "/torch/overrides.py", "/torch/functional.py")


class Watching(TorchFunctionMode):
    """Base of what looks at each call: one method to write."""

    def __init__(self) -> None:
        super().__init__()
        self._around: list[contextlib.ExitStack] = []

    def called(
        self, name: str, function: Function, arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> Any:
        """A function is called; what it shall return."""
        raise NotImplementedError

    def __torch_function__(
        self, function: Any, types: Any, arguments: Any = (), keywords: Any = None
    ) -> Any:
        """Called by torch, with this mode off while it lasts."""
        if function is Tensor.backward:
            return self._backward(*arguments, **(keywords or {}))
        # A loss function asks for itself by its name, which stands for the one that reports it: once
        # more through that would be a second loss.
        function = inspect.unwrap(function)
        name = getattr(function, "__name__", "")
        return self.called(name, function, arguments, dict(keywords or {}))

    def _backward(
        self,
        tensor: Tensor,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """With the mode on: a step begins here, and whoever notices may ask the model something."""
        with self:
            torch.autograd.backward(tensor, gradient, retain_graph, create_graph, inputs=inputs)

    def stay(self, models: Iterable[nn.Module]) -> None:
        """On, until the process ends; within these models even where it is off around them.

        Whoever watches a run hides its own work from modes, and scores the model in that work.
        """
        uncompiled()
        self.__enter__()  # type: ignore[no-untyped-call]
        self._stay_in_backward()
        for model in models:
            model.register_forward_pre_hook(Hook(self._enter_model))
            model.register_forward_hook(Hook(self._leave_model), always_call=True)

    def _stay_in_backward(self) -> None:
        """A backward pass is a function too, but checkpoints run parts of the forward in it."""
        run_backward = torch.autograd._engine_run_backward  # type: ignore[attr-defined]

        @functools.wraps(run_backward)
        def run(*arguments: Any, **keywords: Any) -> Any:
            if self in _get_current_function_mode_stack():  # type: ignore[no-untyped-call]
                return run_backward(*arguments, **keywords)
            with self:
                return run_backward(*arguments, **keywords)

        torch.autograd._engine_run_backward = run  # type: ignore[attr-defined]

    def _enter_model(self, *_: Any) -> None:
        on = contextlib.ExitStack()
        on.enter_context(functions_seen())
        if self not in _get_current_function_mode_stack():  # type: ignore[no-untyped-call]
            on.enter_context(self)
        self._around.append(on)

    def _leave_model(self, *_: Any) -> None:
        if self._around:  # the call under way had begun before
            self._around.pop().close()


@contextlib.contextmanager
def functions_seen() -> Iterator[None]:
    """Function modes are on, also within ``torch._C.DisableTorchFunction``."""
    if torch._C._is_torch_function_enabled():
        yield
    else:
        with torch._C._EnableTorchFunction():
            yield


def uncompiled() -> Any:
    """From here on, or within a ``with``, compiled models run as they were written: functions are seen."""
    return torch.compiler.set_stance("force_eager")


_HERE = str(Path(__file__).parent)

Place = tuple[str, str, str, int]
"""Where a function is called: module, function, and name and line of the code around it."""


def place_of(name: str, names: dict[int, str]) -> Place:
    """Where the function under way is called; ``names`` are those of the modules by id."""
    frame: FrameType | None = sys._getframe(3)
    code, line = "", 0
    while frame is not None:
        file = frame.f_code.co_filename
        # Functions of torch call others, and several changes hand a call on to each other.
        if not code and not file.endswith(_FUNCTIONAL) and not file.startswith(_HERE):
            code, line = frame.f_code.co_name, frame.f_lineno
        owner = frame.f_locals.get("self") if frame.f_code.co_varnames[:1] == ("self",) else None
        if isinstance(owner, nn.Module) and id(owner) in names:
            return names[id(owner)], name, code, line
        frame = frame.f_back
    return "", name, code, line


def names_of(model: nn.Module) -> dict[int, str]:
    """The name of every module by its id."""
    return {id(module): name for name, module in model.named_modules()}


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Every tensor of nested arguments, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors_in(each)


def is_alike(module: nn.Module, model: nn.Module) -> bool:
    """Whether a module is the model or a copy of it, such as an average of its weights."""
    if module is model:
        return True
    return type(module) is type(model) and _shapes(module) == _shapes(model)


def _shapes(module: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(p.shape) for p in module.parameters()]


class Hook:
    """A hook that stays on a model: shared by copies of it, and left out of what is saved."""

    def __init__(self, act: Callable[..., Any]) -> None:
        self._act = act

    def __call__(self, *arguments: Any) -> Any:
        """As the function it is made of."""
        return self._act(*arguments)

    def __deepcopy__(self, _: Any) -> "Hook":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Hook, (_do_nothing,)


def _do_nothing(*_: Any) -> None:
    pass
