"""What a replay tells: its losses as they come, and at its end how well it predicts."""

import functools
import json
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from unstuck.observe.generators import RandomStates
from unstuck.observe.probes.loss import Loss
from unstuck.observe.session import LossCallEvent, Root, Session, is_plain
from unstuck.records.finding import Place
from unstuck.trials.batches import Batch, Ended, copied, find
from unstuck.trials.replay import BATCHES, LossCall, NotApplicable, Replay
from unstuck.trials.rows import Rows, spread
from unstuck.trials.scores import KNOWN, Predictions

_FEWEST_ROWS = 24
_COMPARED = 200
"""Steps whose losses a replay is compared by: as many as a search makes at most."""
_WINDOW = 0.2
"""The last fifth of the steps is what a loss is judged by."""


class Given:
    """What the first backward pass of each step was given: what a replay must give again, bit for bit."""

    def __init__(self) -> None:
        self.values: dict[int, float] = {}
        self._newest = -1

    def receive(self, session: Session, step: int, tensors: list[Tensor], adds: bool) -> None:
        """A backward pass begins; no device is waited for."""
        if not adds or step <= self._newest or step >= _COMPARED or len(tensors) != 1:
            return
        if is_plain(tensors[0]) and tensors[0].numel() == 1:
            self._newest = step
            session.numbers.read(tensors[0], functools.partial(self.values.__setitem__, step))


@dataclass
class _Forward:
    """The newest call of an outermost module."""

    module: nn.Module
    arguments: Any
    numbers: Tensor | None
    keywords: Any = None
    output: Any = None


class Recorder:
    """Listens in a replay, makes its changes at the right places, and ends it.

    ``keep_back``: whether rows are kept back from the loss, to be scored on.
    """

    family = "replay"
    session: Session

    def __init__(self, replay: Replay, send: Callable[[dict[str, Any]], None], steps: int) -> None:
        self.replay = replay
        self.losses = Loss()
        self.given = Given()
        self.keep_back = True
        self._send = send
        self._steps = steps
        self._rows = Rows()
        self._forward: _Forward | None = None
        self._call: LossCall | None = None
        self._changed: LossCall | None = None
        self._back: Tensor | None = None
        self._place: Place | None = None
        self._training: deque[Batch] = deque()
        self._validation: list[Batch] = []
        self._fresh: deque[float] = deque(maxlen=BATCHES)
        self._steps_made: list[tuple[int, float]] = []
        self._online: deque[tuple[str, Tensor, Tensor, int]] = deque(maxlen=BATCHES)
        self._told = 0
        self._told_at = time.monotonic()
        self._over = False
        self._rates: list[float] = []
        self._exchanged = False

    # What the signals ask.

    def entering(self, module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """An outermost module is called: with what."""
        return self.replay.called(module, arguments, {})[0]

    def exchange(
        self, function: str, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        """A loss function is called: with what; None to leave it."""
        options = dict(keywords)
        given = [*arguments, *(options.pop(k) for k in ("input", "target") if k in options)]
        self._call = self._changed = self._back = None
        if len(given) != 2 or not all(is_plain(each) for each in given):
            return None
        call = LossCall(function, given[0], given[1], options)
        self._call = call
        self._exchanged = True
        self._changed = changed = self._applied(lambda: self.replay.loss_called(call))
        if torch.is_grad_enabled():
            changed = self._without_kept_back(changed)
        return changed.function, (changed.prediction, changed.target), changed.options

    def _applied(self, act: Callable[[], Any]) -> Any:
        """What a change makes; one that turns out not to fit ends the replay."""
        try:
            return act()
        except NotApplicable as unfit:
            self._send({"unfit": str(unfit)})
            os._exit(0)

    def _without_kept_back(self, call: LossCall) -> LossCall:
        numbers = self._forward.numbers if self._forward is not None else None
        whole = self.replay.whole_batches or not self.keep_back
        if whole or numbers is None or not _is_mean(call):
            return call
        back = self._rows.kept_back(numbers)
        rows = len(call.prediction) if call.prediction.dim() else 0
        back = spread(back, rows) if back is not None and rows else None
        if back is None or not call.target.dim() or len(call.target) != rows:
            return call
        self._back = back
        kept = ~back
        return replace(call, prediction=call.prediction[kept], target=call.target[kept])

    # What the session tells.

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """The inputs, and which rows they are."""
        numbers = self._rows.numbers(arguments) if grad and arguments else None
        if numbers is not None:
            self._fresh.append(self._rows.fresh(numbers))
        self._forward = _Forward(module, arguments, numbers)

    def forwarded(
        self,
        root: Root,
        module: nn.Module,
        arguments: Any,
        keywords: dict[str, Any],
        output: Any,
        grad: bool,
    ) -> None:
        """The output, in which a loss's prediction may be found."""
        if self._forward is not None and self._forward.module is module:
            self._forward.keywords, self._forward.output = keywords, output
            self._forward.arguments = arguments
            if grad and self._forward.numbers is None:
                self._forward.numbers = self._rows.numbers(keywords)

    def loss_called(self, event: LossCallEvent) -> None:
        """Keep the batch, if the model can be asked again."""
        call, changed, forward = self._call, self._changed, self._forward
        if call is None or changed is None or changed.function not in KNOWN:
            return
        if event.training:
            if self._place not in (None, event.place):
                return
            self._place = event.place
            self._online.append((changed.function, *_copies(changed), _ignored(changed)))
        if forward is None or (not event.training and len(self._validation) >= BATCHES):
            return
        path = find(forward.output, call.prediction)
        if path is None:
            return
        batch = Batch(
            forward.module,
            copied(forward.arguments),
            copied(forward.keywords),
            path,
            replace(call, target=call.target.detach().clone(), prediction=torch.empty(0)),
            self._back,
        )
        (self._training if event.training else self._validation).append(batch)
        while len(self._training) > self.replay.batches_kept:
            self._training.popleft()

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """A backward pass begins."""
        step = self.session.step
        self.given.receive(self.session, step, tensors, adds)
        if adds and len(tensors) == 1 and is_plain(tensors[0]):
            self._applied(lambda: self.replay.differentiating(tensors[0], step))

    def optimizer_built(self, optimizer: Optimizer, place: Place | None) -> None:
        """A later optimizer."""
        self.replay.built(optimizer)

    def updating(self, optimizer: Optimizer) -> None:
        """The gradients are there."""
        group = optimizer.param_groups[0]
        if "lr" in group:
            self._rates = self._rates or [float(group.get("initial_lr", group["lr"]))]
            self._rates[1:] = [*self._rates[1:2], float(group["lr"])]
        self._applied(lambda: self.replay.updating(optimizer))

    def updated(self, optimizer: Optimizer) -> None:
        """The parameters have moved."""
        self.replay.updated(optimizer)

    def step_ended(self, step: int) -> None:
        """One loss a step."""
        value = self.losses.newest()
        if value is not None:
            self._steps_made.append((step, value))

    # The end.

    def stepped(self) -> None:
        """After each step: tell, and end after the last."""
        if time.monotonic() - self._told_at > 0.25:
            self._tell()
        if self.session.step >= self._steps:
            self.finish(None)

    def finish(self, stopped: str | None) -> NoReturn:
        """Score the model, tell, and end the process."""
        try:
            if not self._over:
                self._over = True
                self._tell()
                self.session.guard.run("score", self._score, stopped)
                self._send({"end": stopped, "lost": self.session.guard.losses})
        finally:
            os._exit(0)

    def script_over(self) -> NoReturn:
        """The script ended before the replay had made its steps."""
        raised = getattr(sys, "last_type", None)
        self.finish(f"the script raised {raised.__name__}" if raised else "the script ended")

    def _tell(self) -> None:
        fresh = self._steps_made[self._told :]
        self._told, self._told_at = len(self._steps_made), time.monotonic()
        self._send({"losses": [[step, plain(loss)] for step, loss in fresh]})

    def _score(self, stopped: str | None) -> None:
        self.session.numbers.collect()
        if self.replay.changes_loss and not self._exchanged:
            self._send({"unfit": "the loss is not one of torch.nn.functional's"})
            return
        self.session.busy += 1  # what follows is not the script's
        with torch.no_grad():
            scores = self._scores() if not self.replay.measures else {}
            ended = Ended(self._training, self._validation, self._asked_again)
            self._applied(lambda: self.replay.ended(ended))
        window = [loss for _, loss in self._steps_made[-self._window :]]
        self._send(
            {
                "scores": scores,
                "measured": self.replay.measured,
                "function": self._online[-1][0] if self._online else "",
                "loss": plain(sum(window) / len(window)) if window else None,
                "fresh": sum(self._fresh) / len(self._fresh) if self._fresh else 0.0,
                "steps": self.session.step,
                "given": [[step, plain(value)] for step, value in self.given.values.items()],
                "rates": self._rates,
                "stopped": stopped,
                "loss_changed": self.replay.changes_loss,
            }
        )

    def _scores(self) -> dict[str, float]:
        """By what each was judged on, as far as there is enough of it."""
        training = list(self._training)
        scores = {
            "validation": self._ask(self._validation, None),
            "rows kept back": self._ask(training, True),
            "training batches": self._ask(training, False),
            "as trained": self._as_trained(),
        }
        return {name: value for name, value in scores.items() if value is not None}

    @property
    def _window(self) -> int:
        return max(1, int(_WINDOW * self._steps))

    def _as_trained(self) -> float | None:
        """On the newest batches, as the model predicted them before it was updated on them."""
        predictions: Predictions | None = None
        for function, prediction, target, ignored in self._online:
            predictions = predictions or Predictions(function)
            if function == predictions.function:
                predictions.add(prediction, target, ignored)
        return None if predictions is None else predictions.score()

    def _ask(self, batches: list[Batch], back: bool | None) -> float | None:
        """Score the model as it is now, in evaluation mode, on rows kept back or on the others."""
        predictions: Predictions | None = None
        for batch in batches:
            rows = None if back is None or batch.back is None else batch.back == back
            if back and rows is None:
                continue
            call = self._asked_again(batch)
            if call is None:
                return None
            predictions = predictions or Predictions(call.function)
            if call.function != predictions.function:
                return None
            prediction, target = call.prediction, call.target
            if rows is not None:
                prediction, target = prediction[rows], target[rows]
            predictions.add(prediction, target, _ignored(call))
        if predictions is None or predictions.rows < _FEWEST_ROWS:
            return None
        return predictions.score()

    def _asked_again(self, batch: Batch) -> LossCall | None:
        modes = [(module, module.training) for module in batch.module.modules()]
        states = RandomStates.now()
        batch.module.eval()
        try:
            output = batch.module(*batch.arguments, **(batch.keywords or {}))
        finally:
            states.restore()
            for module, training in modes:
                module.training = training
        prediction = batch.path.of(output)
        if prediction is None:
            return None
        return self.replay.loss_called(replace(batch.call, prediction=prediction))


def _is_mean(call: LossCall) -> bool:
    """Whether leaving out rows leaves the loss what it is: a mean over them, none weighed by itself."""
    if call.function not in KNOWN or call.options.get("reduction", "mean") != "mean":
        return False
    weight = call.options.get("weight")
    return weight is None or call.function in ("cross_entropy", "nll_loss")


def _ignored(call: LossCall) -> int:
    return int(call.options.get("ignore_index", -100))


def _copies(call: LossCall) -> tuple[Tensor, Tensor]:
    return call.prediction.detach().clone(), call.target.detach().clone()


def plain(number: float) -> float | None:
    """JSON knows no NaN and no infinity."""
    return number if math.isfinite(number) else None


def sender(file: int) -> Callable[[dict[str, Any]], None]:
    """What writes lines of JSON to a file."""
    return lambda line: _write(file, json.dumps(line).encode() + b"\n")


def _write(file: int, text: bytes) -> None:
    while text:
        text = text[os.write(file, text) :]
