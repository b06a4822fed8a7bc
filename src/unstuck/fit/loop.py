"""Train: batches, loss, gradient, step, look at the held-out rows; keep the best; go on where it stopped."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from unstuck.errors import UnstuckError
from unstuck.fit.batches import Encoded, Order, loader_of
from unstuck.fit.models import groups
from unstuck.fit.recipe import Recipe

LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": F.cross_entropy,
    "binary cross-entropy": F.binary_cross_entropy_with_logits,
    "squared error": F.mse_loss,
}

State = dict[str, Tensor]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training rows: mean losses, and the rate at its end."""

    number: int
    training_loss: float
    validation_loss: float
    learning_rate: float
    seconds: float


@dataclass
class Progress:
    """Where a training stands: all that it needs to go on, besides weights and optimizer."""

    step: int = 0
    history: list[Epoch] = field(default_factory=list)
    running: float = 0.0
    best: State = field(default_factory=dict)

    @property
    def best_loss(self) -> float:
        """The lowest validation loss so far."""
        return min((each.validation_loss for each in self.history), default=math.inf)

    @property
    def best_epoch(self) -> int:
        """The number of the epoch that had it, from 1."""
        return min(self.history, key=lambda each: each.validation_loss).number

    def waited(self) -> int:
        """Epochs since the best."""
        return self.history[-1].number - self.best_epoch if self.history else 0


class Diverged(UnstuckError):
    """The loss became NaN or infinite."""


Told = Callable[[Progress], None]


def optimizer_of(model: nn.Module, recipe: Recipe) -> Optimizer:
    """The optimizer of a recipe, for what its model trains."""
    if recipe.optimizer == "sgd":
        return SGD(groups(model, recipe), lr=recipe.learning_rate, momentum=recipe.momentum)
    return AdamW(groups(model, recipe), lr=recipe.learning_rate)


def share_of_rate(step: int, steps: int, warm_up: float) -> float:
    """Of the peak rate: linear warm-up from 0, then half a cosine down to 0.

    Source: Loshchilov & Hutter 2017, *SGDR*; Goyal et al. 2017 for the warm-up.
    """
    first = max(1, round(warm_up * steps))
    if step < first:
        return (step + 1) / first
    return 0.5 * (1 + math.cos(math.pi * (step - first) / max(1, steps - first)))


class Loop:
    """One training of one model; ``run`` can be called again after ``progress`` was put back."""

    def __init__(
        self,
        model: nn.Module,
        training: Encoded,
        validation: Encoded,
        recipe: Recipe,
        weights: Tensor | None = None,
    ) -> None:
        precision = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[recipe.precision]
        self.accelerator = Accelerator(mixed_precision=precision)
        self.recipe, self.progress = recipe, Progress()
        self.loss = LOSSES[recipe.loss]
        self._weights = weights
        self._order = Order(len(training), recipe.seed)
        self.model, self.optimizer, self._batches = self.accelerator.prepare(
            model, optimizer_of(model, recipe), loader_of(training, recipe.batch_size, self._order)
        )
        self._validation = self.accelerator.prepare(loader_of(validation, 1024))
        self.steps_an_epoch = math.ceil(len(training) / recipe.batch_size)
        self.steps = self.steps_an_epoch * recipe.epochs

    def run(self, told: Told, each_step: Callable[["Loop"], None] = lambda _: None) -> None:
        """Train to the end, or until nothing gets better; then the best weights are back in the model.

        Raises:
            Diverged: the loss became NaN or infinite.
        """
        while self.progress.step < self.steps and self.progress.waited() < self.recipe.patience:
            self._epoch(each_step)
            told(self.progress)
        self.accelerator.unwrap_model(self.model).load_state_dict(self.progress.best)

    def _epoch(self, each_step: Callable[["Loop"], None]) -> None:
        progress, begun = self.progress, time.perf_counter()
        number, done = divmod(progress.step, self.steps_an_epoch)
        self._order.epoch, self._order.start = number, done * self.recipe.batch_size
        self.model.train()
        for inputs, targets in self._batches:
            progress.running += self._step(inputs, targets)
            progress.step += 1
            each_step(self)
        progress.history.append(
            Epoch(
                number + 1,
                progress.running / self.steps_an_epoch,
                self.validation_loss(),
                self.optimizer.param_groups[0]["lr"],
                time.perf_counter() - begun,
            )
        )
        progress.running = 0.0
        if progress.best_epoch == number + 1:
            state = self.accelerator.unwrap_model(self.model).state_dict()
            progress.best = {name: each.detach().cpu().clone() for name, each in state.items()}

    def _step(self, inputs: tuple[Tensor, ...], targets: Tensor) -> float:
        step, recipe = self.progress.step, self.recipe
        # What is drawn in a step depends on its number alone, so that no generator has to be kept.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        rate = recipe.learning_rate * share_of_rate(step, self.steps, recipe.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("share", 1.0)
        self.optimizer.zero_grad()
        with self.accelerator.autocast():
            loss = self._weighed(self.model(*inputs), targets)
        self.accelerator.backward(loss)
        if recipe.clip_norm:
            self.accelerator.clip_grad_norm_(self.model.parameters(), recipe.clip_norm)
        self.optimizer.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise Diverged(f"the loss became {value} at step {step + 1}", "a lower learning rate")
        return value

    def _weighed(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if self._weights is None:
            return self.loss(outputs, targets)
        weights = self._weights.to(outputs.device)
        if self.recipe.loss == "cross-entropy":
            return F.cross_entropy(outputs, targets, weight=weights)
        return F.binary_cross_entropy_with_logits(outputs, targets, pos_weight=weights)

    @torch.no_grad()
    def validation_loss(self) -> float:
        """The mean loss on the held-out rows, in evaluation mode."""
        self.model.eval()
        total, rows = 0.0, 0
        for inputs, targets in self._validation:
            outputs = self.model(*inputs)
            outputs, targets = self.accelerator.gather_for_metrics((outputs, targets))
            total += float(self._weighed(outputs.float(), targets)) * len(targets)
            rows += len(targets)
        return total / rows
