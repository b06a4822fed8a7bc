"""Train: batches, loss, gradient, step, look at the held-out rows; keep the best; go on where it stopped."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from accelerate.utils import broadcast
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from unstuck.errors import UnstuckError, UsageError
from unstuck.fit.batches import Batches, Encoded, Order, drawn
from unstuck.fit.checkpoints import Keeper, Say, interruptible, refuse_odd, refuse_other
from unstuck.fit.device import accelerator
from unstuck.fit.models import groups
from unstuck.fit.progress import Epoch, Progress, State, copied, packed, unpacked
from unstuck.fit.ranks import is_main
from unstuck.fit.recipe import NAMES, Recipe

if TYPE_CHECKING:
    from unstuck.notebook import WatchedRun

__all__ = ["LOSSES", "Diverged", "Loop", "Progress", "Stopped", "optimizer_of"]

Loss = Callable[..., Tensor]

# Called by their full names, where whoever watches can see it.
LOSSES: Mapping[str, Loss] = {
    "cross-entropy": lambda outputs, targets, **how: F.cross_entropy(outputs, targets, **how),
    "binary cross-entropy": lambda outputs, targets, **how: F.binary_cross_entropy_with_logits(
        outputs, targets, **how
    ),
    "squared error": lambda outputs, targets, **how: F.mse_loss(outputs, targets, **how),
}

LOWER = 1 / 3
"""Of the rate: about half a decade, the step in which rates are searched."""

LOOK = 20
"""Steps between two looks at the loss where a look makes a device or other processes wait."""

AT_ONCE = 1024
"""Held-out rows that are predicted together, at most."""


class Diverged(UnstuckError):
    """The loss became NaN or infinite, with a lower rate as well; the best weights are in the model."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM: the training ended with its step, and what it needs to go on is kept."""

    def __init__(self, step: int, steps: int, folder: Path) -> None:
        super().__init__(f"{folder.name} stopped after step {step} of {steps}")
        self.step, self.steps, self.folder = step, steps, folder


Told = Callable[[Progress], None]


def optimizer_of(model: nn.Module, recipe: Recipe) -> Optimizer:
    """The optimizer of a recipe, for what its model trains."""
    if recipe.optimizer == "sgd":
        return SGD(groups(model, recipe), lr=recipe.learning_rate, momentum=recipe.momentum)
    # One pass over all parameters: on the CPU a third of the time.
    fused = all(each.is_floating_point() for each in model.parameters())
    return AdamW(groups(model, recipe), lr=recipe.learning_rate, fused=fused)


def share_of_rate(step: int, steps: int, warm_up: float) -> float:
    """Of the peak rate: linear warm-up from 0, then half a cosine down to 0.

    Source: Loshchilov & Hutter 2017, *SGDR*; Goyal et al. 2017 for the warm-up.
    """
    first = max(1, round(warm_up * steps))
    if step < first:
        return (step + 1) / first
    return 0.5 * (1 + math.cos(math.pi * (step - first) / max(1, steps - first)))


class Loop:
    """One training of one model, in one process or in each of several.

    ``net`` is the model as it was given; ``trackers`` are names that Accelerate knows, or trackers.
    ``recipe.batch_size`` counts the rows of a step in all processes together.
    """

    def __init__(
        self,
        model: nn.Module,
        training: Encoded,
        validation: Encoded,
        recipe: Recipe,
        weights: Tensor | None = None,
        *,
        say: Say = lambda text: None,
        trackers: Iterable[Any] = (),
        logs: Path | None = None,
    ) -> None:
        self.accelerator = accelerator(recipe.precision, trackers, logs)
        self._place = self.accelerator.device
        self._process = self.accelerator.process_index
        self._processes = self.accelerator.num_processes
        self.recipe, self.loss = self._agreed(recipe), LOSSES[recipe.loss]
        self._weights, self._say = weights, say if is_main() else _quiet
        self._data, self._order = (training, validation), Order(len(training), recipe.seed)
        part = self._process, self._processes
        self._batches = Batches(training, recipe.batch_size, self._order, part)
        self._validation = Batches(validation, validation.at_once(AT_ONCE), part=part)
        _refuse_too_few(self._batches, self._processes)
        _refuse_too_few(self._validation, self._processes)
        self.model, self.optimizer = self.accelerator.prepare(
            model, optimizer_of(model, self.recipe)
        )
        # Without its wrapping, which would make all it ever computes of the training's precision.
        self.net = self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        self._bare: Optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
        # Of single precision Accelerate's own steps do the same, but look for other libraries each time.
        plain = recipe.precision == "float32"
        self._stepped = self._bare if plain else self.optimizer
        self._backward = Tensor.backward if plain else self.accelerator.backward
        self._autocast = nullcontext if plain else self.accelerator.autocast
        self._parameters = list(self.net.parameters())
        self.steps_an_epoch = len(self._batches)
        self.steps = self.steps_an_epoch * recipe.epochs
        self.progress = Progress(steps=self.steps)
        self._unread: list[Tensor] = []
        alone = self._processes == 1 and self._place.type == "cpu"
        self._look = 1 if alone else LOOK
        if self.accelerator.log_with:
            self.accelerator.init_trackers("unstuck", {n: getattr(recipe, n) for n in NAMES})

    @contextmanager
    def watching(self) -> Iterator["WatchedRun"]:
        """What runs inside is watched by our own probes: ``record`` and ``findings`` when it has ended."""
        import unstuck

        with unstuck.watch(self.net, self._bare) as seen:
            yield seen

    def run(
        self,
        told: Told,
        keeper: Keeper | None = None,
        each_step: Callable[["Loop"], None] = lambda _: None,
    ) -> None:
        """Train to the end, or until nothing gets better; then the best weights are back in the model.

        With a keeper it goes on from the newest checkpoint, if there is one, and Ctrl-C and SIGTERM end
        it with its step, all kept. If the loss diverges it goes back to the best weights, once, with a
        third of the rate.

        Raises:
            Diverged: the loss became NaN or infinite again; the best weights so far are in the model.
            Stopped: by Ctrl-C or SIGTERM.
            BadCheckpoint: the training that was kept has another recipe or other data, or is damaged.
        """
        start = copied(self.net.state_dict())
        if keeper is not None:
            self._go_on(keeper)
        signals = interruptible() if keeper else nullcontext(_never)
        devices = [self._place] if self._place.type == "cuda" else []
        with torch.random.fork_rng(devices), signals as is_asked:
            look_up = partial(self._look_up, keeper, is_asked)
            while not self._is_over():
                try:
                    self._epoch(told, look_up, each_step)
                except Diverged as diverged:
                    self._go_back(diverged, start)
            self._keep(keeper)
        self.net.load_state_dict(self.progress.best)
        if is_main():
            for tracker in self.accelerator.trackers:
                tracker.finish()

    def _is_over(self) -> bool:
        ended = self.progress.step >= self.steps
        return ended or self.progress.waited() >= self.recipe.patience

    def _epoch(
        self, told: Told, look_up: Callable[..., None], each_step: Callable[["Loop"], None]
    ) -> None:
        progress, begun = self.progress, time.perf_counter()
        number, done = divmod(progress.step, self.steps_an_epoch)
        self._order.epoch, self._order.start = number, done
        self.model.train()
        for inputs, targets in self._batches:
            self._step(inputs, targets)
            progress.step += 1
            each_step(self)
            # The last step ends an epoch: what it leaves is kept when the epoch is counted.
            if progress.step % self._look == 0 and progress.step % self.steps_an_epoch:
                look_up(epoch_ended=False)
        self._count_epoch(number + 1, begun)
        if is_main():
            told(progress)
        look_up(epoch_ended=True)

    def _count_epoch(self, number: int, begun: float) -> None:
        self._read_losses()
        progress, rate = self.progress, self.optimizer.param_groups[0]["lr"]
        training_loss, progress.running = progress.running / self.steps_an_epoch, 0.0
        loss = self.validation_loss()
        if not math.isfinite(loss):
            raise Diverged(f"the held-out loss became {loss} in epoch {number}", _LOWER_RATE)
        epoch = Epoch(number, training_loss, loss, rate, time.perf_counter() - begun)
        progress.history.append(epoch)
        if progress.best_epoch == number:
            progress.best = copied(self.net.state_dict())
        if self.accelerator.trackers:
            self.accelerator.log(asdict(epoch), step=number)

    def _step(self, inputs: tuple[Tensor, ...], targets: Tensor) -> None:
        step, recipe, place = self.progress.step, self.recipe, self._place
        self._draw_by(step)
        rate = recipe.learning_rate * self.progress.share
        rate *= share_of_rate(step, self.steps, recipe.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("share", 1.0)
        self._bare.zero_grad()
        targets = targets.to(place)
        with self._autocast():
            outputs = self.model(*(each.to(place) for each in inputs))
            loss = self._weighed(outputs, targets)
        self._backward(loss)
        for each in self._parameters:
            if each.grad is not None and each.grad.is_sparse:  # neither clipped nor kept by Adam
                each.grad = each.grad.to_dense()
        if recipe.clip_norm:
            self.accelerator.clip_grad_norm_(self._parameters, recipe.clip_norm)
        self._stepped.step()
        self._unread.append(loss.detach())

    def _draw_by(self, step: int) -> None:
        """What is drawn in a step depends on its number alone: no generator's state has to be kept."""
        seed = drawn(self.recipe.seed, f"step of process {self._process}", step)
        # Not torch.manual_seed, which without a GPU remembers each call for one that may come.
        torch.default_generator.manual_seed(seed)
        if self._place.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _weighed(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss; in several processes so that their mean is the mean over all rows."""
        how = self._by_class(outputs.device)
        loss = self.loss(outputs, targets, **how)
        if self._processes == 1:
            return loss
        here = _counted(targets, how).to(outputs.device)
        share: Tensor = here / self.accelerator.reduce(here.clone(), "mean")
        return loss * share

    def _by_class(self, place: torch.device) -> dict[str, Tensor]:
        """The weights of the classes as the loss takes them, if there are any."""
        if self._weights is None:
            return {}
        word = "weight" if self.recipe.loss == "cross-entropy" else "pos_weight"
        return {word: self._weights.to(place)}

    @torch.no_grad()
    def validation_loss(self) -> float:
        """The mean loss on the held-out rows, in evaluation mode."""
        self.model.eval()
        place = self._place
        sums = torch.zeros(2, dtype=torch.float64)
        for inputs, targets in self._validation:
            outputs = self.model(*(each.to(place) for each in inputs)).float()
            how, targets = self._by_class(outputs.device), targets.to(place)
            count = float(_counted(targets, how))
            loss = float(self.loss(outputs, targets, **how)) * count
            sums += torch.tensor([loss, count], dtype=torch.float64)
        total, counted = self._summed(sums).tolist()
        return float(total / counted)

    def _summed(self, values: Tensor) -> Tensor:
        """Over all processes, where there are several."""
        if self._processes == 1:
            return values
        total: Tensor = self.accelerator.reduce(values.to(self._place), "sum")
        return total.cpu()

    def _read_losses(self) -> None:
        """Add the losses of the steps since the last look.

        Raises:
            Diverged: one is NaN or infinite.
        """
        if not self._unread:
            return
        losses = torch.stack(self._unread)
        mean = losses if self._processes == 1 else self._summed(losses) / self._processes
        first = self.progress.step - len(self._unread) + 1
        self._unread.clear()
        for number, loss in enumerate(mean.tolist(), first):
            if not math.isfinite(loss):
                raise Diverged(f"the loss became {loss} at step {number}", _LOWER_RATE)
            self.progress.running += loss

    def _look_up(
        self, keeper: Keeper | None, is_asked: Callable[[], bool], *, epoch_ended: bool
    ) -> None:
        """See to the loss, the checkpoint, and whether to stop."""
        self._read_losses()
        if keeper is None:
            return
        stops = bool(self._summed(torch.tensor([float(is_asked())])))
        if stops or keeper.is_due(epoch_ended=epoch_ended):
            self._keep(keeper)
        if stops:
            raise Stopped(self.progress.step, self.steps, keeper.folder)

    def _go_back(self, diverged: Diverged, start: State) -> None:
        """To the best weights, or the first, to train from there with a lower rate: once."""
        progress = self.progress
        self._unread.clear()
        self.net.load_state_dict(progress.best or start)
        if progress.share < 1:
            raise diverged
        epoch = progress.best_epoch
        self._bare.state.clear()
        self.progress = Progress(
            epoch * self.steps_an_epoch, self.steps, progress.history[:epoch],
            share=LOWER, best=progress.best,
        )  # fmt: skip
        place = f"the weights of epoch {epoch}" if epoch else "the start"
        self._say(f"{diverged.message}: back to {place}, with a third of the learning rate")

    def _keep(self, keeper: Keeper | None) -> None:
        if keeper is None or not is_main():
            return
        scaler = self.accelerator.scaler
        settings = {
            "recipe": self.recipe.plain(),
            "data": self._fingerprint,
            "scaler": scaler.state_dict() if scaler else None,
        }
        try:
            keeper.save(packed(self.net, self._bare, self.progress, settings))
        except OSError as error:  # a full disk is no reason to end a training of hours
            self._say(f"cannot keep a checkpoint in {keeper.folder}: {error.strerror or error}")

    def _go_on(self, keeper: Keeper) -> None:
        kept = keeper.newest()
        self.accelerator.wait_for_everyone()  # before the main process writes, and lets go of old ones
        if kept is None:
            return
        refuse_other(kept, self.recipe, self._fingerprint)
        refuse_odd(kept, self.net.state_dict(), self.steps)
        self.progress = unpacked(kept, self.net, self._bare)
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(kept.record["scaler"])

    @cached_property
    def _fingerprint(self) -> str:
        return "-".join(each.fingerprint() for each in self._data)

    def _agreed(self, recipe: Recipe) -> Recipe:
        """With the learning rate of the main process: those that others measured may differ."""
        rate = torch.tensor([recipe.learning_rate], dtype=torch.float64)
        if self._processes > 1:
            rate = broadcast(rate.to(self._place))
        return recipe.because(learning_rate=float(rate))


_LOWER_RATE = "a lower learning_rate, by --recipe FILE"


def _quiet(text: str) -> None:
    pass


def _never() -> bool:
    return False


def _counted(targets: Tensor, how: Mapping[str, Tensor]) -> Tensor:
    """What a mean loss was divided by: how many rows, or the sum of the weights of their classes."""
    return how["weight"][targets].sum() if "weight" in how else torch.tensor(float(len(targets)))


def _refuse_too_few(batches: Batches, processes: int) -> None:
    """Each process needs a row of every batch."""
    if batches.fewest < processes:
        raise UsageError(
            f"a batch of {batches.fewest} rows is too small for {processes} processes",
            "a larger batch_size, or fewer processes",
        )
