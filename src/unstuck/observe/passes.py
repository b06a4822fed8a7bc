"""What becomes of each forward pass: a backward pass reaches it, or it was only looked at.

A validation that forgot ``no_grad`` looks like training when it is called. It is told apart by its
graph: the backward pass of training does not reach the outputs of validation.
"""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from unstuck.observe import locate
from unstuck.records.finding import Place

if TYPE_CHECKING:
    from unstuck.observe.session import LossCallEvent, Root, Session

Key = tuple[tuple[str, int], ...]

# A generator's output may wait for the discriminator's update and be reached only after it.
_PATIENCE = 3
_PENDING = 4096
_NODES = 2000


@dataclass
class LossSeen:
    """A loss function called on a forward pass; ``value`` arrives late from a device."""

    function: str
    place: Place | None
    rows: int
    value: float | None = None
    correct: float | None = None


@dataclass
class Forward:
    """One call of an outermost module. ``sequence``: numbers of the nodes that made its outputs.

    ``noise`` names what made the call random or moved running statistics: ``dropout``,
    ``batch norm``. ``inside``: a forward pass of training had come before it since the last update.
    """

    root: "Root"
    step: int
    updates: int
    training: bool
    noise: tuple[str, ...]
    graph: bool
    rows: int
    pointer: int
    loader: int | None
    first_of_loader: bool
    inside: bool
    key: Key
    order: int = 0
    sequence: frozenset[int] = frozenset()
    losses: list[LossSeen] = field(default_factory=list)
    trained: bool = False
    waited: int = 0

    @property
    def place(self) -> Place | None:
        """The line that called the model."""
        return locate.place(*self.key[0]) if self.key else None


class Passes:
    """Follows the forward passes and tells ``passed`` once the fate of one is known."""

    family = "passes"

    def __init__(self, session: "Session") -> None:
        self.session = session
        self._pending: list[Forward] = []
        self._latest: Forward | None = None
        self._loader: int | None = None
        self._fresh_loader = False
        self._count = 0
        self._first: tuple[int, int] = (-1, 0)
        self._noise: dict[int, Noise] = {}

    def loader_started(self, loader: Any) -> None:
        """Forward passes from here on may be of its batches."""
        self._loader, self._fresh_loader = id(loader), True

    def updated(self, optimizer: Any) -> None:
        """What ran without a graph before this update was only looked at."""
        self._latest = None
        self._settle(updated=True)

    def forwarded(
        self,
        root: "Root",
        module: nn.Module,
        arguments: Any,
        keywords: dict[str, Any],
        output: Any,
        grad: bool,
    ) -> None:
        """A forward pass whose fate is open."""
        if not self.session.attentive or len(self._pending) >= _PENDING:
            return
        outputs = list(_tensors(output))
        nodes = [each.grad_fn for each in outputs if each.grad_fn is not None] if grad else []
        given = next(_tensors((arguments, keywords)), None)
        self._latest = Forward(
            root=root,
            step=self.session.step,
            updates=self.session.updates,
            training=module.training,
            noise=self.noise_of(root, module).active(),
            graph=bool(nodes),
            rows=given.shape[0] if given is not None and given.dim() else 0,
            pointer=_pointer(given),
            loader=self._loader,
            first_of_loader=self._fresh_loader,
            inside=False,
            key=locate.person_lines(locate.person_frame(2)),
            order=self._count,
            sequence=frozenset(node._sequence_nr() for node in nodes),
        )
        self._count += 1
        self._fresh_loader = False
        self._pending.append(self._latest)

    def loss_called(self, event: "LossCallEvent") -> None:
        """A loss of the newest forward pass."""
        latest = self._latest
        if latest is None or len(latest.losses) >= 8:
            return
        rows = event.prediction.shape[0] if event.prediction.dim() else 1
        seen = LossSeen(event.function, event.place, rows)
        latest.losses.append(seen)
        value = event.result if event.result.numel() == 1 else event.result.mean()
        scale = 1.0
        if event.options.get("reduction") == "sum":
            scale = float(max(1, event.target.numel()))

        def receive(number: float) -> None:
            seen.value = number / scale

        self.session.numbers.read(value, receive)
        if not event.training or not latest.training:
            _read_accuracy(self.session, seen, event)

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """What the backward pass reaches was training."""
        open_ones = [each for each in self._pending if each.graph]
        wanted = {number for each in open_ones for number in each.sequence}
        found = wanted if len(open_ones) == 1 else _reached(tensors, wanted)
        for each in open_ones:
            each.trained = bool(found & each.sequence)
            if each.trained and self._first[0] != each.updates:
                self._first = each.updates, each.order
        self._settle()

    def step_ended(self, step: int) -> None:
        """What was not reached for long was only looked at."""
        for each in self._pending:
            each.waited += 1
        self._settle()

    def lapsed(self) -> None:
        """The backward passes from here on are not seen."""
        self._pending.clear()
        self._latest = None

    def close(self) -> None:
        """The run is over: what follows its last update will not be trained any more."""
        for each in self._pending:
            # Several in a row: one alone may be the forward pass of a step that was cut off.
            alike = sum(o.root is each.root and o.updates == each.updates for o in self._pending)
            each.waited += _PATIENCE * (alike >= 2 or not each.training)
        self._settle(updated=True)

    def _settle(self, updated: bool = False) -> None:
        """Tell of those whose fate is known."""
        kept: list[Forward] = []
        for each in self._pending:
            if each.updates == self._first[0] and each.order > self._first[1]:
                each.inside = True
            seen = each.waited >= _PATIENCE or (updated and not each.graph)
            if each.trained or seen:
                self.session.tell("passed", each)
            else:
                kept.append(each)
        self._pending = kept

    def noise_of(self, root: "Root", module: nn.Module) -> "Noise":
        """The parts of a model that behave differently in training."""
        known = self._noise.get(id(root))
        if known is None or self.session.looking:
            known = self._noise[id(root)] = Noise(module)
        return known


class Noise:
    """Dropout and batch normalisation inside a model; held weakly."""

    def __init__(self, module: nn.Module) -> None:
        named = list(module.named_modules())
        self.dropout = [(name, weakref.ref(m)) for name, m in named if _drops(m)]
        self.batch_norm = [(name, weakref.ref(m)) for name, m in named if _normalises(m)]

    def active(self) -> tuple[str, ...]:
        """Which kinds are in training mode now."""
        kinds = (("dropout", self.dropout), ("batch norm", self.batch_norm))
        return tuple(kind for kind, parts in kinds if any(_trains(ref) for _, ref in parts))


def _trains(reference: "weakref.ref[nn.Module]") -> bool:
    module = reference()
    return module is not None and module.training


def _drops(module: nn.Module) -> bool:
    """Whether it drops numbers at random while it trains."""
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return bool(module.p > 0)
    if isinstance(module, nn.RNNBase | nn.MultiheadAttention):
        return bool(module.dropout > 0)
    if type(module).__name__ in ("DropPath", "StochasticDepth"):
        return bool(getattr(module, "drop_prob", None) or getattr(module, "p", 0))
    return False


def _normalises(module: nn.Module) -> bool:
    """Whether it keeps running statistics."""
    kind = nn.modules.batchnorm._BatchNorm
    return isinstance(module, kind) and module.running_mean is not None


def _tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    """The tensors of what a model takes or gives: tuples, lists, dicts, objects of libraries."""
    if isinstance(value, Tensor):
        yield value
    elif depth < 3 and isinstance(value, dict):
        for item in list(value.values())[:32]:
            yield from _tensors(item, depth + 1)
    elif depth < 3 and isinstance(value, list | tuple):
        for item in value[:32]:
            yield from _tensors(item, depth + 1)
    elif depth < 3 and type(value).__module__ not in ("builtins", "numpy"):
        yield from _tensors(list(getattr(value, "__dict__", {}).values())[:32], depth + 1)


def _pointer(tensor: Tensor | None) -> int:
    """Where its numbers lie; 0 where they lie nowhere."""
    if tensor is None or type(tensor) is not Tensor or tensor.device.type == "meta":
        return 0
    return 0 if tensor.layout != torch.strided else tensor.data_ptr()


def _reached(tensors: list[Tensor], wanted: set[int]) -> set[int]:
    """Which of the nodes with these sequence numbers lie behind the tensors.

    What a node depends on has smaller numbers, so nothing below the smallest wanted is visited.
    """
    found: set[int] = set()
    if not wanted:
        return found
    lowest, seen = min(wanted), set()
    waiting: list[Any] = [each.grad_fn for each in tensors if each.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        number = node._sequence_nr()
        if number < lowest or node in seen:
            continue
        seen.add(node)
        if number in wanted:
            found.add(number)
        if len(seen) > _NODES:  # too large to search: count all as trained
            return wanted
        waiting += [following for following, _ in node.next_functions if following is not None]
    return found


def _read_accuracy(session: "Session", seen: LossSeen, event: "LossCallEvent") -> None:
    """The share of right classes, where the loss is one of classes."""
    prediction, target = event.prediction.detach(), event.target
    if prediction.numel() > 4_000_000 or not prediction.numel():
        return
    if event.function in ("cross_entropy", "nll_loss"):
        if prediction.dim() != 2 or target.dim() != 1 or target.is_floating_point():
            return
        right = prediction.argmax(1) == target
    elif event.function.startswith("binary_cross_entropy") and prediction.shape == target.shape:
        border = 0.0 if event.function.endswith("logits") else 0.5
        right = (prediction > border) == (target > 0.5)
    else:
        return

    def receive(number: float) -> None:
        seen.correct = number

    session.numbers.read(right.float().mean(), receive)
