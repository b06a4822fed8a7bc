"""One watched run: what step it is, how closely to look, and who is told of what happens."""

import contextlib
import os
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unstuck.observe import graph, guard, locate
from unstuck.observe.numbers import Numbers
from unstuck.observe.passes import Passes
from unstuck.records import Facts
from unstuck.records.finding import Place

EVENTS = (
    "forward",
    "forwarded",
    "loss_called",
    "backward",
    "walked",
    "differentiated",
    "updating",
    "updated",
    "optimizer_built",
    "loader_started",
    "file_loaded",
    "step_ended",
    "light_loss",
    "light_updating",
    "loss_failed",
    "lapsed",
    "clipping",
    "clipped",
    "passed",
    "scheduler_built",
    "light_evaluation",
)


@dataclass
class Root:
    """An outermost module, as the script calls it."""

    reference: "weakref.ref[nn.Module]"
    name: str
    place: Place | None
    called: bool = False
    trained: bool = False

    @property
    def module(self) -> nn.Module | None:
        """The module, None when the script has dropped it."""
        return self.reference()


@dataclass
class Leaf:
    """A tensor that a backward pass reached and that no called module has among its parameters."""

    reference: "weakref.ref[Tensor]"
    name: str
    place: Place | None

    @property
    def tensor(self) -> Tensor | None:
        """The tensor, None when the script has dropped it."""
        return self.reference()


@dataclass(frozen=True)
class LossCallEvent:
    """One call of a loss function: what went in, what came out, and where."""

    function: str
    prediction: Tensor
    target: Tensor
    options: dict[str, Any]
    result: Tensor
    place_key: tuple[str, int]
    place: Place | None
    training: bool


@dataclass(frozen=True)
class ClipEvent:
    """One call of a function that clips gradients; ``given`` lives as long as the call."""

    function: str
    threshold: float
    given: list[Tensor]
    place: Place | None


class Session:
    """Counts steps and tells the probes; every probe stands behind a fence.

    ``attentive`` means that this step is watched in every detail, ``looking`` that the costly looks
    (graph, parameters) are due. Looks follow a fixed, thinning schedule of step numbers, so that the
    same script gives the same findings. ``budget`` is the share of the time that watching may take;
    when it is spent, steps pass lightly: only their number and their loss are kept. With None every
    step up to ``attentive_steps`` is watched. ``saved_hooks`` says that somebody changes how tensors
    are saved for the backward pass: then reading them is not free of effects. ``next_pulse`` is the
    step from which on ``light_updating`` is told again. ``replayed`` is set in the process of a
    replay only: it may exchange inputs and losses. ``state_loaded``: a module was given weights.
    """

    def __init__(self, probes: list[Any], *, budget: float | None, attentive_steps: int) -> None:
        self.guard = guard.Guard()
        self.numbers = Numbers()
        self.roots: list[Root] = []
        self.leaves: dict[int, Leaf] = {}
        self.step = 0
        self.updates = 0
        self.updates_of: dict[int, int] = {}
        self.updates_by_hand = 0
        self.backwards = 0
        self.looking = True
        self.attentive = True
        self.busy = 0
        self.spent = 0.0
        self.begun = time.perf_counter()
        self.training_begun: float | None = None
        self.compiles = False
        self.saved_hooks = hooks_on_saved_tensors()
        self.newest_loss: weakref.ref[Tensor] | None = None
        self.next_pulse = 0
        self.on_step: Callable[[], None] | None = None
        self.replayed: Any = None
        self.state_loaded = False
        self._budget = budget
        self._attentive_steps = attentive_steps
        self._next_look = 0
        self._updated = False
        self._in_update = False
        self._manual = _ManualUpdates()
        self.light_losses: list[Tensor] = []
        self._next_tick = 0.0
        self._owner = os.getpid()
        self._probes = probes
        self.passes = Passes(self)
        self.ended = "running"
        listeners = [self.passes, *probes]
        self._handlers = {
            event: [(p.family, getattr(p, event)) for p in listeners if hasattr(p, event)]
            for event in EVENTS
        }
        for probe in probes:
            probe.session = self
        _SESSIONS.add(self)

    def listen_only(self, listeners: list[Any]) -> None:
        """From here on tell these alone, of every step in detail: the session of a replay."""
        self._handlers = {
            event: [
                (each.family, getattr(each, event)) for each in listeners if hasattr(each, event)
            ]
            for event in EVENTS
        }
        for each in listeners:
            each.session = self
        self._budget, self._attentive_steps, self._next_look = None, sys.maxsize, sys.maxsize
        # One look finds which parameter tells of updates that are made by hand.
        self.attentive, self.looking, self._owner = True, True, os.getpid()

    # What the signals report.

    def here(self) -> bool:
        """Whether what happens is the script's: not our own work, not in a forked worker."""
        return not self.busy and os.getpid() == self._owner

    def tell(self, event: str, *arguments: Any) -> None:
        """Tell the probes of an event."""
        guard.each(self.guard, self._handlers[event], arguments)

    def working(self) -> "_Work":
        """Our own work: counted as cost, without gradients, unseen by the script's modes."""
        return _Work(self)

    def entered(self, module: nn.Module, arguments: tuple[Any, ...]) -> None:
        """An outermost module is called."""
        grad = torch.is_grad_enabled()
        with self.working():
            root = self._root(module)
            root.called = True
            if grad:
                root.trained = True
                self.boundary()
            self.tell("forward", root, module, arguments, grad)

    def left(self, module: nn.Module, arguments: Any, keywords: Any, output: Any) -> None:
        """An outermost module has returned."""
        grad = torch.is_grad_enabled()
        with self.working():
            self.tell("forwarded", self._root(module), module, arguments, keywords, output, grad)

    def boundary(self) -> None:
        """A training forward or a backward begins: a new step, if there was an update before."""
        if self.training_begun is None:
            self.training_begun = time.perf_counter()
        # Not inside an optimizer's step, where a closure is evaluated again and again.
        if not self._in_update:
            self._notice_update_by_hand()
        if self._updated:
            self.end_step()

    def _notice_update_by_hand(self) -> None:
        if self.backwards and not self.updates and not self._updated:
            self._updated = self._manual.happened()
            self.updates_by_hand += int(self._updated)

    def end_step(self) -> None:
        """The step is over; the next one begins."""
        self._updated = False
        self.tell("step_ended", self.step)
        if self.looking:
            self.guard.run("numbers", self.numbers.collect)
        self.step += 1
        self._schedule()
        if self.on_step is not None:
            self.on_step()

    def _schedule(self) -> None:
        self.looking = self.step >= self._next_look
        if self.looking:
            self._next_look = max(self.step + 1, int(self.step * 1.3))
        elapsed = time.perf_counter() - self.begun
        # The first looks load modules; short runs may spend that much whatever their length.
        cheap = self._budget is None or self.spent < self._budget * elapsed + 0.2
        self.looking = self.looking and (cheap or self.step < 4)
        was_attentive = self.attentive
        self.attentive = self.looking or (self.step < self._attentive_steps and cheap)
        if was_attentive and not self.attentive:
            self.tell("lapsed")

    # The same for steps that pass lightly. Little is called here: on a step of a millisecond each
    # Python call between torch's kernels costs about a thousandth.

    def light_backward(self, tensor: Tensor) -> None:
        """A backward pass begins: the step's boundary, and its loss."""
        if self._updated:
            self._updated = False
            self.step += 1
            now = time.perf_counter()
            if self.step >= self._next_look:
                self._schedule()
            if now >= self._next_tick and self.on_step is not None:
                self._next_tick = now + 0.25
                self.on_step()
        self.backwards += 1
        value = self.light_losses[0] if len(self.light_losses) == 1 else tensor
        self.light_losses.clear()
        self.newest_loss = weakref.ref(tensor)
        if is_open(value):
            for _, receive in self._handlers["light_loss"]:
                receive(self.step, value, tensor)

    def light_updating(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer is about to step."""
        for _, receive in self._handlers["light_updating"]:
            receive(optimizer)

    def light_evaluation(self, result: Tensor) -> None:
        """A loss function was called without gradients, between steps that pass lightly."""
        if is_open(result):
            with self.working():
                self.tell("light_evaluation", result)

    @property
    def look_is_near(self) -> bool:
        """Whether the step after this one is to be looked at."""
        return self.step + 1 >= self._next_look

    def count(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer has stepped."""
        self._updated = True
        self.updates += 1
        self.updates_of[id(optimizer)] = self.updates_of.get(id(optimizer), 0) + 1

    def backward_begins(self, tensors: list[Tensor], adds: bool) -> None:
        """A backward pass begins; ``adds`` is False for ``torch.autograd.grad``."""
        with self.working():
            self.boundary()
            self.backwards += adds
            if adds and len(tensors) == 1:
                self.newest_loss = weakref.ref(tensors[0])
            self.tell("backward", tensors, adds)
            if self.looking and adds:
                walk = self.guard.run("graph", graph.walk, tensors)
                if walk is not None:
                    walk.readable = not self.saved_hooks
                    self.guard.run("leaves", self._find_leaves, walk)
                    self.tell("walked", walk)
                    if not self.updates:
                        self._manual.watch(walk.parameters)

    def backward_ended(self, adds: bool) -> None:
        """The backward pass is over and the gradients are there."""
        if self.looking:
            with self.working():
                self.tell("differentiated", adds)

    def updating(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer is about to step."""
        with self.working():
            self._in_update = True
            self.tell("updating", optimizer)

    def updated(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer has stepped."""
        with self.working():
            self._in_update = False
            self.count(optimizer)
            self.tell("updated", optimizer)

    def _find_leaves(self, walk: graph.Walk) -> None:
        modules = [root.module for root in self.roots]
        owned = {id(p) for module in modules if module is not None for p in module.parameters()}
        strangers = [p for p in walk.parameters if id(p) not in owned and id(p) not in self.leaves]
        for tensor in strangers[: max(0, 1000 - len(self.leaves))]:
            hidden = (locate.hidden(r.module, r.name, tensor) for r in self.roots)
            name, place = next(filter(None, hidden), ("", None))
            name = name or locate.variable_name(tensor, locate.person_frame(2))
            self.leaves[id(tensor)] = Leaf(weakref.ref(tensor), name, place)

    def introduce(self, module: nn.Module) -> None:
        """Make a model known before its first call, under the name its caller has for it."""
        self._root(module)

    def _root(self, module: nn.Module) -> Root:
        for root in self.roots:
            if root.module is module:
                return root
        frame = locate.person_frame(2)
        name = locate.variable_name(module, frame)
        place = locate.global_assignment(frame, name)
        root = Root(weakref.ref(module), name, place)
        self.roots.append(root)
        return root

    # What the recorder asks.

    def facts(self) -> Facts:
        """Everything recorded so far."""
        self.guard.run("numbers", self.numbers.collect)
        families: dict[str, Any] = {}
        missing = dict(self.guard.losses)
        with self.working():
            for probe in self._probes:
                if probe.family in missing:
                    continue
                family = self.guard.run(probe.family, probe.facts)
                if isinstance(family, Missing):
                    missing[probe.family] = family.reason
                elif family is not None:
                    families[probe.family] = family
        missing.update(self.guard.losses)
        return Facts(families, missing)

    @property
    def steps(self) -> int:
        """Training steps seen, the one under way included if it made its update."""
        return self.step + int(self._updated)

    def close(self) -> None:
        """The watching is over: a step that made its update counts."""
        self.guard.run("steps", self._notice_update_by_hand)
        if self._updated:
            with self.working():
                self.on_step = None
                self.end_step()
        with self.working():
            self.guard.run("passes", self.passes.close)

    def training(self) -> str:
        """In one sentence, what kind of training was seen, or what was seen instead."""
        if self.updates_by_hand and not self.updates:
            return "parameters were updated by hand, without an optimizer"
        if self.updates:
            return ""
        if self.backwards:
            return f"{self.backwards} backward passes, but no optimizer step and no parameter that moved"
        if any(root.called for root in self.roots):
            return (
                "a model was called, but nothing was trained: no backward pass, no optimizer step"
            )
        return "torch was imported, but no model was called and nothing was trained"


_SESSIONS: "weakref.WeakSet[Session]" = weakref.WeakSet()


@contextlib.contextmanager
def unwatched() -> Iterator[None]:
    """What trains in here is a search of ours, not the person's training."""
    sessions = list(_SESSIONS)
    for session in sessions:
        session.busy += 1
    try:
        yield
    finally:
        for session in sessions:
            session.busy -= 1


@dataclass(frozen=True)
class Missing:
    """What a probe gives instead of its family: why there is none."""

    reason: str


class _Work:
    """The context of :meth:`Session.working`; a class because it is entered ten times a step."""

    __slots__ = ("_begun", "_grad", "_hidden", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        self._begun = time.perf_counter()
        self._session.busy += 1
        self._hidden = torch._C.DisableTorchFunction()
        self._hidden.__enter__()
        self._grad = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)

    def __exit__(self, *_: object) -> None:
        torch._C._set_grad_enabled(self._grad)
        self._hidden.__exit__(None, None, None)
        self._session.busy -= 1
        self._session.spent += time.perf_counter() - self._begun


class _ManualUpdates:
    """Notices ``p -= lr * p.grad`` loops: the smallest parameter that was reached moves."""

    def __init__(self) -> None:
        self._watched: Tensor | None = None
        self._before: Tensor | None = None

    def watch(self, parameters: list[Tensor]) -> None:
        if self._watched is None and parameters:
            self._watched = min(parameters, key=lambda each: each.numel())
            self._before = self._watched.detach().clone()

    def happened(self) -> bool:
        if self._watched is None or self._before is None:
            return False
        now = self._watched.detach()
        if torch.equal(now, self._before):
            return False
        self._before = now.clone()
        return True


def hooks_on_saved_tensors() -> bool:
    """Whether a saved-tensor hook is active now, as in a notebook that watches inside a context."""
    top = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    return top is not None and top(True) is not None


def in_a_transform() -> bool:
    """Whether tensors are not what they seem: tracing, compiling, vmap, or a dispatch mode.

    Reading values there would be recorded into somebody's graph, or raise; so we do not.
    """
    return (
        torch.compiler.is_compiling()
        or torch._C._get_tracing_state() is not None
        or torch._C._functorch.peek_interpreter_stack() is not None
        or torch._C._len_torch_dispatch_stack() > 0
    )


def is_open(value: Any) -> bool:
    """Whether a value can be touched as it is, with nobody's mode or transform to notice."""
    return (
        type(value) is Tensor
        and torch._C._len_torch_function_stack() == 0
        and torch._C._len_torch_dispatch_stack() == 0
        and torch._C._functorch.peek_interpreter_stack() is None
    )


def is_plain(value: Any) -> bool:
    """A tensor of torch itself: subclasses may do anything when touched."""
    return type(value) in (Tensor, nn.Parameter) and value.device.type != "meta"
