"""A run at its first training forward, in a process of its own, about to go on with one thing changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

if TYPE_CHECKING:
    from unstuck.trials.batches import Ended

STEPS = 100
"""Steps of a replay: 20 are far too few to tell causes apart, 50 too few, 80 better (``trials.md``)."""

BATCHES = 12
"""Batches of each kind that are kept to score the model on, at its end."""


class NotApplicable(Exception):
    """Raised by a change that finds nothing to change in this run; the text says why.

    Targets are not known before the first loss: a change at the loss raises it when the loss is called
    for the first time, or at the first update if no loss was one that it can change. Until then it has
    changed nothing.
    """


@dataclass(frozen=True)
class LossCall:
    """One call of a loss function: ``torch.nn.functional.<function>(prediction, target, **options)``."""

    function: str
    prediction: Tensor
    target: Tensor
    options: dict[str, Any] = field(default_factory=dict)


ChangeInputs = Callable[
    [nn.Module, tuple[Any, ...], dict[str, Any]], tuple[tuple[Any, ...], dict[str, Any]]
]
ChangeLoss = Callable[[LossCall], LossCall]
Act = Callable[[Optimizer], None]
Look = Callable[[Tensor, int], None]


class Replay:
    """The live objects of the replayed process, and the places where a change can take hold.

    ``models`` are the outermost modules that were called so far (the one about to be called last),
    ``arguments`` and ``keywords`` what it is called with. ``optimizers`` and ``loaders`` are those alive,
    in the order in which they were built. ``seed`` is this replay's. ``measured_rate`` is the learning
    rate that was measured as the best for this run, None if it was not measured. ``made`` names the
    changes that were made, ``state_loaded`` says that weights were loaded before, ``steps`` are those that
    will be made. Nothing needs to be put back: the process ends after its last step.

    A measurement writes plain numbers to ``measured``. It may ask for ``whole_batches``, of which no row
    is kept back, and for how many of the newest training batches are kept, ``batches_kept``.
    """

    def __init__(
        self,
        models: list[nn.Module],
        optimizers: list[Optimizer],
        *,
        loaders: list["DataLoader[Any]"] | None = None,
        arguments: tuple[Any, ...] = (),
        keywords: dict[str, Any] | None = None,
        seed: int = 0,
        measured_rate: float | None = None,
        state_loaded: bool = False,
        steps: int = STEPS,
    ) -> None:
        self.models = models
        self.optimizers = list(optimizers)
        self.loaders = list(loaders or [])
        self.arguments = arguments
        self.keywords = dict(keywords or {})
        self.seed = seed
        self.measured_rate = measured_rate
        self.state_loaded = state_loaded
        self.steps = steps
        self.whole_batches = False
        self.batches_kept = BATCHES
        self.measured: dict[str, Any] = {}
        self.made: set[str] = set()
        self._inputs: list[ChangeInputs] = []
        self._losses: list[ChangeLoss] = []
        self._before: list[Act] = []
        self._after: list[Act] = []
        self._built: list[Act] = []
        self._looks: list[Look] = []
        self._ends: list[Callable[[Ended], None]] = []

    @property
    def model(self) -> nn.Module:
        """The outermost module that is about to be called."""
        return self.models[-1]

    def trained(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters of the models, each once."""
        seen: set[int] = set()
        for model in self.models:
            for name, parameter in model.named_parameters():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield name, parameter

    # Where a change can take hold.

    def change_inputs(self, change: ChangeInputs) -> None:
        """Exchange what the outermost modules are called with, from the call under way on."""
        self._inputs.append(change)

    def change_loss(self, change: ChangeLoss) -> None:
        """Exchange what the loss functions of ``torch.nn.functional`` are called with."""
        self._losses.append(change)

    @property
    def changes_loss(self) -> bool:
        """Whether a change exchanges what the loss functions are called with."""
        return bool(self._losses)

    def before_update(self, act: Act) -> None:
        """Act before each optimizer step, when the gradients are there."""
        self._before.append(act)

    def after_update(self, act: Act) -> None:
        """Act after each optimizer step; what was asked for last acts first, as exits do."""
        self._after.append(act)

    def on_optimizer(self, act: Act) -> None:
        """Act on every optimizer, now and when a later one is built."""
        for optimizer in self.optimizers:
            act(optimizer)
        self._built.append(act)

    # Where a measurement can look.

    def before_backward(self, look: Look) -> None:
        """Look at each loss and its graph before it is differentiated, and at the number of the step."""
        self._looks.append(look)

    def at_end(self, look: "Callable[[Ended], None]") -> None:
        """Look at the model after the last step."""
        self._ends.append(look)

    @property
    def measures(self) -> bool:
        """Whether it is measured; then it is not scored."""
        return bool(self._looks or self._ends)

    # What the branch and the session report.

    def called(
        self, module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """An outermost module is called: with what it is to be called."""
        for change in self._inputs:
            arguments, keywords = change(module, arguments, keywords)
        return arguments, keywords

    def loss_called(self, call: LossCall) -> LossCall:
        """A loss function is called: with what it is to be called."""
        for change in self._losses:
            call = change(replace(call, options=dict(call.options)))
        return call

    def built(self, optimizer: Optimizer) -> None:
        """A later optimizer was built."""
        self.optimizers.append(optimizer)
        for act in self._built:
            act(optimizer)

    def updating(self, optimizer: Optimizer) -> None:
        """An optimizer is about to step."""
        for act in self._before:
            act(optimizer)

    def updated(self, optimizer: Optimizer) -> None:
        """An optimizer has stepped."""
        for act in reversed(self._after):
            act(optimizer)

    def differentiating(self, loss: Tensor, step: int) -> None:
        """A backward pass begins."""
        for look in self._looks:
            look(loss, step)

    def ended(self, ended: "Ended") -> None:
        """The last step was made."""
        for look in self._ends:
            look(ended)
