"""The places where torch lets us listen, and nothing else.

Each is listed in the design with what may go wrong there: no backward hook on a module, no hook that
stays on a module (it would be pickled with the model, and switch fast paths off), no global hook once
``torch.compile`` is used (compiled modules warn about it).
"""

import functools
import os
import sys
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import clip_grad
from torch.optim import lr_scheduler
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from unstuck.observe import locate
from unstuck.observe.session import (
    ClipEvent,
    LossCallEvent,
    Session,
    in_a_transform,
    is_open,
    is_plain,
)

LOSS_FUNCTIONS = (
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "kl_div",
    "poisson_nll_loss",
    "gaussian_nll_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "multi_margin_loss",
    "soft_margin_loss",
    "hinge_embedding_loss",
)
"""Losses of a prediction and a target. Those of pairs and triplets have no target in this sense."""

CLIPPING = ("clip_grad_norm_", "clip_grad_value_")
# Looked up by attribute at each use (torch.autograd.graph), so a wrapper sees them all.
_PUSH = "_push_saved_tensors_default_hooks"
_OPTIONS = ("weight", "pos_weight", "ignore_index", "reduction", "label_smoothing", "beta", "delta")


# Those that do not begin with the __init__ of the first.
_SCHEDULERS: tuple[Any, ...] = (
    lr_scheduler.LRScheduler,
    lr_scheduler.ReduceLROnPlateau,
    lr_scheduler.SequentialLR,
    lr_scheduler.ChainedScheduler,
)


class Signals:
    """Everything that was attached to torch, to be taken off again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._undo: list[Callable[[], None]] = []
        self._global_hook: torch.utils.hooks.RemovableHandle | None = None
        self._originals: dict[str, Callable[..., Any]] = {}

    def attach(self) -> None:
        """Begin to listen."""
        post = register_optimizer_step_post_hook(self._optimizer_stepped)
        pre = register_optimizer_step_pre_hook(self._optimizer_steps)
        self._undo += [post.remove, pre.remove]
        self._wrap_losses()
        self._replace(torch.autograd, "backward", self._backward(torch.autograd.backward))
        self._replace(torch.autograd, "grad", self._grad(torch.autograd.grad))
        self._replace(torch.jit, "script", self._script(torch.jit.script))
        self._replace(torch, "compile", self._compile(torch.compile))
        optimizer = torch.optim.Optimizer
        self._replace(optimizer, "__init__", self._built(optimizer.__init__))
        hooks = torch._C._autograd
        self._replace(hooks, _PUSH, self._saved_hooks(getattr(hooks, _PUSH)))
        self._wrap_clipping()
        self._replace(nn.Module, "load_state_dict", self._state_loaded(nn.Module.load_state_dict))
        for scheduler in _SCHEDULERS:
            self._replace(scheduler, "__init__", self._scheduler_built(scheduler.__init__))
        loader = torch.utils.data.DataLoader
        self._replace(loader, "__iter__", self._iterated(loader.__iter__))
        numpy = sys.modules.get("numpy")  # torch imports it, if it is there
        if numpy is not None:
            self._replace(numpy, "load", self._loaded(numpy.load))
            # As an attribute of the class, which stays the same object.
            self._replace(numpy.memmap, "__new__", self._mapped(numpy.memmap.__new__))
        if self._session.attentive:
            self._listen()

    def detach(self) -> None:
        """Leave torch as it was found."""
        self._quiet()
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    def _replace(self, owner: Any, name: str, replacement: Any) -> None:
        original = getattr(owner, name)
        setattr(owner, name, replacement)
        self._undo.append(lambda: setattr(owner, name, original))

    # Outermost modules. One global hook, off while an outermost module runs and off for good once
    # torch.compile is in use; the exit is seen by a hook that lives as long as that one call.

    def _listen(self) -> None:
        if self._global_hook is None and not self._session.compiles:
            register = nn.modules.module.register_module_forward_pre_hook
            self._global_hook = register(self._module_called)

    def _quiet(self) -> None:
        if self._global_hook is not None:
            self._global_hook.remove()
            self._global_hook = None

    def _module_called(self, module: nn.Module, arguments: tuple[Any, ...]) -> Any:
        session = self._session
        if not session.here() or in_a_transform() or next(module.parameters(), None) is None:
            return None
        self._quiet()
        session.guard.run("models", session.entered, module, arguments)
        session.guard.run("models", self._await_return, module)
        if session.replayed is None:
            return None
        return session.guard.run("replay", session.replayed.entering, module, arguments)

    def _await_return(self, module: nn.Module) -> None:
        if not _takes_a_hook(module):
            return
        session = self._session
        handle: list[Any] = []

        def returned(module: nn.Module, arguments: Any, keywords: Any, output: Any) -> None:
            handle[0].remove()
            if output is not None:
                session.guard.run("models", session.left, module, arguments, keywords, output)
            if session.attentive:
                self._listen()

        handle.append(module.register_forward_hook(returned, with_kwargs=True, always_call=True))

    # Losses.

    def _wrap_losses(self) -> None:
        for name in LOSS_FUNCTIONS:
            original = getattr(functional, name)
            self._originals[name] = original
            self._replace(functional, name, self._loss(name, original))

    def _loss(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session
        guard, light, grad_enabled = session.guard, session.light_losses, torch.is_grad_enabled

        @functools.wraps(original)
        def loss(*arguments: Any, **keywords: Any) -> Any:
            if session.replayed is not None and not session.busy:
                return self._replayed_loss(name, arguments, keywords)
            result = original(*arguments, **keywords)
            if session.busy or (session.compiles and torch.compiler.is_compiling()):
                return result
            if not session.attentive:
                # Two are as many as one needs to know of; without the graph, which is the script's.
                if not grad_enabled():
                    guard.run("validation", session.light_evaluation, result)
                elif len(light) < 2 and is_open(result):
                    light.append(result.detach())
            elif session.here() and not in_a_transform():
                guard.run("loss_calls", self._loss_called, name, arguments, keywords, result)
            return result

        return _unseen(loss)

    def _replayed_loss(
        self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        """A loss in a replay, which may exchange it; a failure there ends the replay."""
        session = self._session
        exchanged = session.replayed.exchange(name, arguments, keywords)
        name, arguments, keywords = exchanged or (name, arguments, keywords)
        result = self._originals[name](*arguments, **keywords)
        session.guard.run("loss_calls", self._loss_called, name, arguments, keywords, result)
        return result

    def _loss_called(
        self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any], result: Any
    ) -> None:
        prediction: Any = arguments[0] if arguments else keywords.get("input")
        target: Any = arguments[1] if len(arguments) > 1 else keywords.get("target")
        frame = locate.person_frame(3)
        session = self._session
        grad = torch.is_grad_enabled()
        key = (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)
        with session.working():
            if not (is_plain(prediction) and is_plain(target) and is_plain(result)):
                return
            event = LossCallEvent(
                function=name,
                prediction=prediction,
                target=target,
                options={key: keywords[key] for key in _OPTIONS if key in keywords},
                result=result.detach(),
                place_key=key,
                place=locate.place_of(frame),
                training=grad and result.requires_grad,
            )
            session.tell("loss_called", event)

    # Backward passes.

    def _backward(self, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session
        guard, light = session.guard, session.light_backward

        @functools.wraps(original)
        def backward(tensors: Any, *arguments: Any, **keywords: Any) -> Any:
            if session.attentive or session.compiles or type(tensors) is not Tensor:
                return self._pass(original, True, tensors, arguments, keywords)
            guard.run("backward", light, tensors)
            return original(tensors, *arguments, **keywords)

        return _unseen(backward)

    def _grad(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def grad(outputs: Any, *arguments: Any, **keywords: Any) -> Any:
            return self._pass(original, False, outputs, arguments, keywords)

        return _unseen(grad)

    _depth = 0

    def _pass(
        self,
        original: Callable[..., Any],
        adds: bool,
        tensors: Any,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:
        session = self._session
        if torch.compiler.is_compiling() or self._depth or not session.here():
            return original(tensors, *arguments, **keywords)
        if not session.attentive and type(tensors) is Tensor and adds:
            session.guard.run("backward", session.light_backward, tensors)
        if not session.attentive or in_a_transform():
            return original(tensors, *arguments, **keywords)
        given = tensors if isinstance(tensors, list | tuple) else [tensors]
        outputs = [each for each in given if isinstance(each, Tensor)]
        session.guard.run("backward", session.backward_begins, outputs, adds)
        del outputs
        self._depth += 1
        try:
            result = original(tensors, *arguments, **keywords)
        finally:
            self._depth -= 1
        session.guard.run("backward", session.backward_ended, adds)
        return result

    # Saved-tensor hooks and clipping.

    def _saved_hooks(self, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session

        def push(*hooks: Any) -> Any:
            session.saved_hooks = True  # from here on no saved tensor is read: it may run code
            return original(*hooks)

        return push

    def _wrap_clipping(self) -> None:
        for name in CLIPPING:
            wrapped = self._clip(name, getattr(clip_grad, name))
            self._replace(clip_grad, name, wrapped)
            self._replace(nn.utils, name, wrapped)

    def _clip(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session

        @functools.wraps(original)
        def clip(parameters: Any, *arguments: Any, **keywords: Any) -> Any:
            if not session.attentive or not session.here() or in_a_transform():
                return original(parameters, *arguments, **keywords)
            given = parameters
            if isinstance(parameters, types.GeneratorType):  # it can be asked only once
                given = list(parameters)
                parameters = (each for each in given)
            event = session.guard.run("clipping", self._clipping, name, given, arguments, keywords)
            result = original(parameters, *arguments, **keywords)
            if event is not None:
                session.guard.run("clipping", self._clipped, event, result)
            return result

        return _unseen(clip)

    def _clipping(
        self, name: str, given: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> ClipEvent:
        limit = "clip_value" if name == "clip_grad_value_" else "max_norm"
        threshold: Any = arguments[0] if arguments else keywords.get(limit)
        tensors = [given] if isinstance(given, Tensor) else list(given)
        frame = locate.person_frame(3)
        event = ClipEvent(name, float(threshold), tensors, locate.place_of(frame))
        with self._session.working():
            self._session.tell("clipping", event)
        return event

    def _clipped(self, event: ClipEvent, result: Any) -> None:
        with self._session.working():
            self._session.tell("clipped", event, result)

    # Optimizers and loaders.

    def _optimizer_steps(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        session = self._session
        if not session.attentive:
            if session.step >= session.next_pulse:
                session.guard.run("failure", session.light_updating, optimizer)
        elif session.here() and not in_a_transform():
            session.guard.run("optimizers", session.updating, optimizer)

    def _optimizer_stepped(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        session = self._session
        if not session.attentive:
            session.count(optimizer)
            if session.look_is_near:
                self._listen()
        elif session.here() and not in_a_transform():
            session.guard.run("optimizers", session.updated, optimizer)
            self._listen()

    def _built(self, original: Callable[..., None]) -> Callable[..., None]:
        session = self._session

        @functools.wraps(original)
        def __init__(optimizer: Any, *arguments: Any, **keywords: Any) -> None:  # noqa: N807
            original(optimizer, *arguments, **keywords)
            if session.here():
                session.guard.run("optimizers", self._tell_built, optimizer)

        return __init__

    def _tell_built(self, optimizer: torch.optim.Optimizer) -> None:
        place = locate.place_of(locate.person_frame(2))
        self._session.tell("optimizer_built", optimizer, place)

    def _state_loaded(self, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session

        @functools.wraps(original)
        def load_state_dict(module: Any, *arguments: Any, **keywords: Any) -> Any:
            session.state_loaded = True
            return original(module, *arguments, **keywords)

        return _unseen(load_state_dict)

    def _scheduler_built(self, original: Callable[..., None]) -> Callable[..., None]:
        session = self._session

        @functools.wraps(original)
        def __init__(scheduler: Any, *arguments: Any, **keywords: Any) -> None:  # noqa: N807
            original(scheduler, *arguments, **keywords)
            if session.here():
                session.guard.run("schedulers", self._tell_scheduler, scheduler)

        return __init__

    def _tell_scheduler(self, scheduler: Any) -> None:
        place = locate.place_of(locate.person_frame(2))
        self._session.tell("scheduler_built", scheduler, place)

    def _iterated(self, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session

        @functools.wraps(original)
        def __iter__(loader: Any) -> Any:  # noqa: N807
            iterator = original(loader)
            if session.here():
                session.tell("loader_started", loader)
            return iterator

        return __iter__

    def _loaded(self, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session

        @functools.wraps(original)
        def load(file: Any, *arguments: Any, **keywords: Any) -> Any:
            value = original(file, *arguments, **keywords)
            if session.here() and isinstance(file, str | os.PathLike):
                wanted = (arguments[:1] or (keywords.get("mmap_mode"),))[0] is not None
                session.guard.run("memory", self._tell_file, file, value, wanted)
            return value

        return _unseen(load)

    def _mapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        session = self._session

        @functools.wraps(original)
        def __new__(kind: Any, filename: Any, *arguments: Any, **keywords: Any) -> Any:  # noqa: N807
            value = original(kind, filename, *arguments, **keywords)
            if session.here() and isinstance(filename, str | os.PathLike):
                session.guard.run("memory", self._tell_file, filename, value, True)
            return value

        return _unseen(__new__)

    def _tell_file(self, file: "str | os.PathLike[str]", value: Any, wanted: bool) -> None:
        place = locate.place_of(locate.person_frame(2))
        self._session.tell("file_loaded", os.fspath(file), value, wanted, place)

    # Compilers: step aside.

    def _script(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def script(*arguments: Any, **keywords: Any) -> Any:
            wrapped = {name: getattr(functional, name) for name in self._originals}
            _set(self._originals)
            try:
                return original(*arguments, **keywords)
            finally:
                _set(wrapped)

        return script

    def _compile(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def compile(*arguments: Any, **keywords: Any) -> Any:
            self._session.compiles = True
            self._quiet()
            compiled = original(*arguments, **keywords)
            if isinstance(compiled, nn.Module):
                self._session.guard.run("models", self._hook_compiled, compiled)
            return compiled

        return compile

    def _hook_compiled(self, module: nn.Module) -> None:
        """A compiled module is pickled by what it compiled, so hooks may stay on it."""
        session = self._session

        def called(module: nn.Module, arguments: tuple[Any, ...]) -> None:
            if session.here():
                session.guard.run("models", session.entered, module, arguments)

        def returned(module: nn.Module, arguments: Any, keywords: Any, output: Any) -> None:
            if session.here():
                session.guard.run("models", session.left, module, arguments, keywords, output)

        first = module.register_forward_pre_hook(called)
        second = module.register_forward_hook(returned, with_kwargs=True)
        self._undo += [first.remove, second.remove]


def _unseen(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, passed over when a warning looks for the line that is to blame.

    ``warnings.warn(stacklevel=2)`` in torch means the person's line; one more frame would make it
    ours. Frames of importlib's bootstrap are not counted (``is_internal_frame`` in CPython's
    ``_warnings.c``), and its name is all that is looked at.
    """
    code = function.__code__
    function.__code__ = code.replace(co_filename=locate.UNSEEN)
    return function


def _set(functions: dict[str, Callable[..., Any]]) -> None:
    for name, function in functions.items():
        setattr(functional, name, function)


def _takes_a_hook(module: nn.Module) -> bool:
    """Not torch's own transformer parts, whose fast path a hook switches off, nor scripted modules."""
    kind = type(module).__module__
    return not (
        kind.startswith(("torch.nn.modules.transformer", "torch.nn.modules.activation"))
        or isinstance(module, torch.jit.ScriptModule)
        or ("torch.fx" in sys.modules and isinstance(module, torch.fx.GraphModule))
    )
