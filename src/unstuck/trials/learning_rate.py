"""``unstuck.find_learning_rate``: choose a learning rate by short trainings of the model itself.

The live model is trained in place and put back, rather than a copy of it: a copy is not always possible
(hooks, tensors with a graph, handles), and the loss function, the hooks and the optimizer hold the live
parameters, so that a copy would train something else than they compute with.
"""

import inspect
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from unstuck.errors import NotSearchable
from unstuck.observe.session import unwatched
from unstuck.trials.halving import RUNGS, THOROUGH, UNTRAINED, Halving, Losses, halve
from unstuck.trials.kept import Kept, seed_everything
from unstuck.trials.rate_search import LearningRateSearch
from unstuck.trials.read_batches import ReadBatches, call
from unstuck.trials.sharpness import sharpness

ROOM = 2**31
"""Bytes for the states of rates that wait to be trained on; others begin again from their first step."""

CHEAP = 1_000_000
"""Parameters up to which the sharpness is measured: it takes up to 60 passes over a batch."""

LossFunction = Callable[[Any, Any], Tensor]


def find_learning_rate(
    model: nn.Module,
    optimizer: Optimizer,
    loss_fn: LossFunction,
    batches: Iterable[Any],
    *,
    thorough: bool = False,
    seed: int = 0,
) -> LearningRateSearch:
    """Find the learning rate that trains the model best in its next 100 steps.

    13 rates from 1e-5 to 10, half a decade apart, are trained on the same batches from where the model
    and optimizer stand; the better half goes on after 12, 25 and 50 steps: 447 steps in all. The choice
    is the rate with the lowest mean loss over the last tenth of 100 steps. It is chosen for a constant rate
    and a training of that length: a longer one, or one with a schedule, may want another.

    Afterwards all is as before, bit for bit, also when an exception or Ctrl-C ends it: parameters,
    buffers, gradients, optimizer state, modes, what modules keep in attributes, and the random
    generators of torch, CUDA, Python and numpy. What is not put back: objects other than tensors, dicts
    and lists that your hooks or modules write to, and the position of a generator that gives the batches.

    Args:
        model: the module to train, in the modes in which it is; only one that is in evaluation mode as a
            whole is trained in training mode.
        optimizer: its optimizer, at the start of training or anywhere in it. The rate is that of its
            first parameter group; the others keep their ratio to it.
        loss_fn: takes the model's output and the targets and gives a tensor of one element.
        batches: pairs of inputs and targets, such as a DataLoader. Read once, as far as needed: 100
            batches, or 1 GiB; fewer come round again. Inputs of any shape: a tensor, or a tuple or list
            (the model's arguments), or a dict (its keywords). Batches in host memory are copied to
            the model's device.
        thorough: halve after 25, 50 and 100 of 200 steps: 900 steps in all.
        seed: of what the model draws, such as dropout; the same for every rate.

    Returns:
        A :class:`LearningRateSearch`: ``choice`` is the rate, None if no rate makes the loss fall. It
        prints as a table and shows a picture in Jupyter.

    Raises:
        NotSearchable: the optimizer needs a closure (LBFGS), the model is not initialised, there are no
            batches of pairs, or the loss is no tensor of one element. Errors of the model and the loss
            function come through as they are; but where training with a rate had made the loss worse
            before, such an error counts as that rate's divergence.

    Source: successive halving after Jamieson & Talwalkar 2016; ``benchmarks/learning_rate.py`` measures it.
    """
    _refuse(model, optimizer)
    begun = time.perf_counter()
    start, drawn = Kept([model, optimizer, loss_fn]), Kept(_drawn_from(batches))
    try:
        with (
            unwatched(),
            _resumable(batches),
            torch.inference_mode(False),
            torch.enable_grad(),
            closing(ReadBatches(batches, _device(model))) as read,
        ):
            arms = _Arms(model, optimizer, loss_fn, read, start, seed)
            found = halve(arms.train, rungs=THOROUGH if thorough else RUNGS)
            curvature, why = arms.sharpness()
    finally:
        try:
            start.put_back()
        finally:
            drawn.put_back()
    return LearningRateSearch(
        rates=found.rates,
        losses=found.losses,
        untrained=found.untrained,
        choice=found.choice,
        stable=found.stable,
        current=arms.current,
        batches=len(read),
        steps=arms.steps,
        seconds=time.perf_counter() - begun,
        sharpness=curvature,
        why_no_sharpness=why,
        reason="" if found.choice is not None else _reason(found, arms.reached),
    )


@dataclass(frozen=True)
class _Paused:
    state: Kept
    losses: Losses


class _Arms:
    """The model, trained with one rate after the other from the same start."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        loss_fn: LossFunction,
        batches: ReadBatches,
        start: Kept,
        seed: int,
    ) -> None:
        self._model, self._optimizer, self._loss_fn = model, optimizer, loss_fn
        self._batches, self._start, self._seed = batches, start, seed
        self._roots = (model, optimizer, loss_fn)
        self._paused: dict[float, _Paused] = {}
        own = [_rate(group) for group in optimizer.param_groups]
        self.current = next((rate for rate in own if rate > 0), 0.0)
        self._ratios = [rate / self.current if self.current else 1.0 for rate in own]
        self._untrained: Losses = ()
        self.steps = 0
        self.reached = False

    def train(self, rates: Sequence[float], steps: int) -> dict[float, Losses]:
        """Train each of the rates until it has made so many steps."""
        self._batches.read(steps)
        self._paused = {rate: self._paused[rate] for rate in rates if rate in self._paused}
        return {rate: self._trained(rate, steps) for rate in rates}

    def _trained(self, rate: float, steps: int) -> Losses:
        losses = self._resumed(rate)
        while len(losses) < steps and all(map(math.isfinite, losses[-1:])):
            losses.append(self._stepped(rate, losses))
        self._clear_gradients()
        self._pause(rate, losses)
        if rate == UNTRAINED:
            self._untrained = tuple(losses)
        return tuple(losses)

    def _resumed(self, rate: float) -> list[float]:
        paused = self._paused.pop(rate, None)
        if paused is not None:
            paused.state.put_back()
            return list(paused.losses)
        self._begin(rate)
        return []

    def _begin(self, rate: float) -> None:
        self._start.put_back()
        self._clear_gradients()
        if not self._model.training:
            self._model.train()
        for group, ratio in zip(self._optimizer.param_groups, self._ratios, strict=True):
            set_to = rate * ratio
            old = group["lr"]
            group["lr"] = torch.full_like(old, set_to) if isinstance(old, Tensor) else set_to
        seed_everything(self._seed)

    def _pause(self, rate: float, losses: Sequence[float]) -> None:
        if self._start.bytes > ROOM:
            return
        state = Kept(self._roots)
        if state.bytes + sum(each.state.bytes for each in self._paused.values()) <= ROOM:
            self._paused[rate] = _Paused(state, tuple(losses))

    def _stepped(self, rate: float, losses: Sequence[float]) -> float:
        if rate == UNTRAINED:
            return float(self._loss(len(losses)).detach())
        try:
            return self._step(len(losses))
        except torch.OutOfMemoryError:
            raise
        except (ArithmeticError, RuntimeError, ValueError):
            # The untrained network could do this batch. Where training had made it worse, the rate is
            # to blame: distributions and decompositions refuse what a diverged network gives them.
            if not self._worse(losses):
                raise
            return math.nan

    def _step(self, step: int) -> float:
        self._clear_gradients()
        loss = self._loss(step)
        value = float(loss.detach())
        if math.isfinite(value) and loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
            self.reached = self.reached or any(p.grad is not None for p in self._parameters())
            self._optimizer.step()
            self.steps += 1
        return value

    def _loss(self, step: int) -> Tensor:
        inputs, targets = self._batches[step]
        loss = self._loss_fn(call(self._model, inputs), targets)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            kind = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            raise NotSearchable(
                f"the loss function gave {kind}, not a tensor of one element",
                "average it over the batch: loss.mean()",
            )
        return loss

    def _worse(self, losses: Sequence[float]) -> bool:
        """Whether the training so far had raised the loss, or left a parameter that is not finite."""
        if losses and losses[-1] > self._untrained[len(losses) - 1]:
            return True
        return not all(bool(torch.isfinite(p).all()) for p in self._parameters())

    def _parameters(self) -> Iterator[Tensor]:
        for group in self._optimizer.param_groups:
            yield from group["params"]

    def _clear_gradients(self) -> None:
        # By hand: an optimizer's own method may write zeros into the gradients that are to be kept.
        for kept in self._start.tensors:
            if kept.tensor.is_leaf:
                kept.tensor.grad = None

    def sharpness(self) -> tuple[float | None, str]:
        """The sharpness at the start on the first batch, or why it was not measured."""
        trained = [p for p in self._parameters() if p.requires_grad]
        why = _no_sharpness(self._optimizer, trained)
        if why:
            return None, why
        scales = [
            ratio
            for group, ratio in zip(self._optimizer.param_groups, self._ratios, strict=True)
            for p in group["params"]
            if p.requires_grad
        ]
        self._begin(UNTRAINED)
        loss = self._loss(0)
        if not loss.requires_grad:
            return None, "the loss does not depend on the parameters"
        try:
            value = sharpness(loss.reshape(()), trained, scales, self._seed).value
        except RuntimeError as error:
            return None, f"the loss is not twice differentiable: {str(error).splitlines()[0]}"
        if not 0 < value < math.inf:
            return None, "the loss curves upwards in no direction"
        return value, ""


def _refuse(model: nn.Module, optimizer: Optimizer) -> None:
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    name = type(optimizer).__name__
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise NotSearchable(
            f"{name} calls a closure several times a step, so a rate cannot be tried step by step",
            "search with SGD or Adam, or let it search by itself: line_search_fn='strong_wolfe'",
        )
    if any("lr" not in group for group in optimizer.param_groups):
        raise NotSearchable(
            f"{name} has a parameter group without a learning rate", "give every group an lr"
        )
    if any(is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        raise NotSearchable(
            "the model has layers whose size is not known yet", "call it once with a batch first"
        )


def _no_sharpness(optimizer: Optimizer, trained: Sequence[Tensor]) -> str:
    count = sum(p.numel() for p in trained)
    plain = type(optimizer) is torch.optim.SGD and not any(
        group["momentum"] or group["weight_decay"] for group in optimizer.param_groups
    )
    if not plain:
        return "2/sharpness limits only SGD without momentum and weight decay"
    if not 0 < count <= CHEAP:
        return f"measured only up to {CHEAP:,} parameters, there are {count:,}"
    return ""


def _rate(group: dict[str, Any]) -> float:
    """A warm-up may begin with 0: then what its schedule starts from."""
    return float(group["lr"]) or float(group.get("initial_lr", 0.0))


def _device(model: nn.Module) -> torch.device | None:
    devices = {parameter.device for parameter in model.parameters()}
    return devices.pop() if len(devices) == 1 else None


def _drawn_from(batches: Any) -> list[torch.Generator]:
    """The generators that a DataLoader and its samplers draw from."""
    sampler = getattr(batches, "sampler", None)
    batch_sampler = getattr(batches, "batch_sampler", None)
    owners = [batches, sampler, batch_sampler, getattr(batch_sampler, "sampler", None)]
    found = [getattr(owner, "generator", None) for owner in owners]
    return [generator for generator in found if isinstance(generator, torch.Generator)]


@contextmanager
def _resumable(batches: Any) -> Iterator[None]:
    """A DataLoader with persistent workers keeps those of its first pass: ours would have drawn already."""
    fresh = getattr(batches, "persistent_workers", False) and batches._iterator is None
    try:
        yield
    finally:
        if fresh:
            batches._iterator = None


def _reason(found: Halving, reached: bool) -> str:
    if not all(map(math.isfinite, found.untrained)):
        return "it is not finite before any training"
    if not reached:
        return "no gradient reaches the parameters of the optimizer"
    if not any(math.isfinite(sum(losses)) for losses in found.losses):
        return "every rate of the grid diverges"
    return "on the same batches none ends below the untrained network, beyond the noise"
