"""The measurement of the same name."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from unstuck.trials.batches import Batch, Ended
from unstuck.trials.changes._inputs import in_rows, numbers_in
from unstuck.trials.measurements import LIMIT
from unstuck.trials.replay import LossCall, NotApplicable, Replay
from unstuck.trials.scores import Predictions

ROOM = 64 * 2**20
"""Bytes of training batches that are kept."""

LARGEST = 2_000_000
"""Numbers of the linear map: more are not fitted in time."""

DECAY = 1e-3
"""Half of it times the squared weights is added to the mean loss, or separable data would have no end."""

ENOUGH = 1e-4
"""It is fitted when a round lowers the loss by less than this part."""

Probe = Callable[[Tensor], Tensor]

# Without them the loss would not be given what it expects.
_ENDINGS: dict[str, Probe] = {
    "nll_loss": lambda given: given.log_softmax(1),
    "binary_cross_entropy": torch.sigmoid,
}


def linear_probe(replay: Replay) -> None:
    """A linear model, fitted to the batches of the replay by the run's own loss, against the network.

    Both are held against the rows that they were trained on and, where there are any, against others:
    those of validation passes, or rows that the replay kept back.
    """
    given = numbers_in(replay.arguments, replay.keywords)
    size = sum(each.nbytes for each in given.values())
    if not size:
        raise NotApplicable("no input of the model is a tensor of real numbers")
    replay.batches_kept = max(replay.batches_kept, min(replay.steps, ROOM // size))
    replay.at_end(lambda ended: replay.measured.update(_measured(ended)))


@dataclass(frozen=True)
class _Rows:
    """Samples: what goes in, what the network makes of it, what is wanted, and which were kept back."""

    function: str
    inputs: Tensor
    predicted: Tensor
    wanted: Tensor
    back: Tensor

    def only(self, which: Tensor) -> "_Rows":
        """Some of them."""
        parts = (self.inputs, self.predicted, self.wanted, self.back)
        return _Rows(self.function, *(each[which] for each in parts))

    def hits(self, predicted: Tensor) -> tuple[str, Tensor]:
        """By what each row is judged, and how it fares with these predictions."""
        predictions = Predictions(self.function)
        predictions.add(predicted, self.wanted)
        return predictions.measure, predictions.hits()


def _measured(ended: Ended) -> dict[str, Any]:
    training, validation = _rows(ended, ended.training), _rows(ended, ended.validation)
    if training is None or bool(training.back.all()):
        raise NotApplicable("no training batch could be asked again")
    trained, held = training.only(~training.back), validation or training.only(training.back)
    inputs, outputs = trained.inputs.shape[1], trained.predicted[0].numel()
    if inputs * outputs > LARGEST:
        raise NotApplicable(
            f"a linear map of {inputs} inputs to {outputs} outputs would be too large"
        )
    probe, settled = _fitted(trained)
    found = {"inputs": inputs, "settled": settled, "training": _compared(trained, probe)}
    if len(held.inputs):
        on = "validation batches" if validation else "rows kept back"
        found["held_out"] = _compared(held, probe) | {"on": on}
    return found


def _rows(ended: Ended, batches: Iterable[Batch]) -> _Rows | None:
    """The rows of these batches, each once, as far as the time allows; None if there are none."""
    until = time.monotonic() + LIMIT / 2
    found = []
    for batch in batches:
        if time.monotonic() > until:
            break
        call, inputs = ended.ask(batch), in_rows(batch.arguments or (), batch.keywords or {})
        if call is not None and inputs is not None:
            found.append(_paired(call, inputs, batch.back))
    if not sum(len(each.inputs) for each in found):
        return None
    fields = ((each.inputs, each.predicted, each.wanted, each.back) for each in found)
    whole = _Rows(found[0].function, *map(torch.cat, zip(*fields, strict=True)))
    once = {bytes(row): at for at, row in enumerate(whole.inputs.cpu().numpy())}
    return whole.only(torch.tensor(list(once.values())))


def _paired(call: LossCall, inputs: Tensor, back: Tensor | None) -> _Rows:
    predicted, wanted = call.prediction, call.target
    if not wanted.dim() or not len(inputs) == len(predicted) == len(wanted):
        raise NotApplicable("the loss is not of a prediction for each sample")
    back = torch.zeros(len(inputs), dtype=torch.bool) if back is None else back
    return _Rows(call.function, inputs, predicted.float(), wanted, back)


def _fitted(rows: _Rows) -> tuple[Probe, bool]:
    """A linear map of the standardised inputs, and whether it was fitted to its end."""
    inputs = rows.inputs.float()
    mean, spread = inputs.mean(0), inputs.std(0, correction=0)
    spread[spread < 1e-6 * spread.max()] = 1.0
    shape = rows.predicted.shape[1:]
    weights = torch.zeros(inputs.shape[1], shape.numel(), requires_grad=True)
    bias = torch.zeros(shape.numel(), requires_grad=True)
    ending = _ENDINGS.get(rows.function, _as_it_is)
    loss_of = getattr(functional, rows.function)

    def probe(given: Tensor) -> Tensor:
        standard = (given.float() - mean) / spread
        mapped: Tensor = (standard @ weights + bias).reshape(len(given), *shape)
        return ending(mapped)

    def loss() -> Tensor:
        optimizer.zero_grad()
        value: Tensor = loss_of(probe(inputs), rows.wanted) + DECAY / 2 * weights.pow(2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer = torch.optim.LBFGS([weights, bias], max_iter=4, line_search_fn="strong_wolfe")
    until, before = time.monotonic() + LIMIT, math.inf
    with torch.enable_grad():
        while (now := float(loss().detach())) < before - ENOUGH * abs(now):
            before = now
            optimizer.step(loss)  # type: ignore[no-untyped-call]
            if time.monotonic() > until:
                return probe, False
    return probe, True


def _as_it_is(given: Tensor) -> Tensor:
    return given


def _compared(rows: _Rows, probe: Probe) -> dict[str, Any]:
    """How both fare, by how much the network is ahead, and the standard error of that."""
    measure, net = rows.hits(rows.predicted)
    with torch.no_grad():
        _, linear = rows.hits(probe(rows.inputs))
    ahead = net - linear
    if not bool(torch.isfinite(ahead).all()):
        raise NotApplicable("predictions or targets are not finite, or all targets are the same")
    return {
        "measure": measure,
        "rows": len(net),
        "net": float(net.mean()),
        "linear": float(linear.mean()),
        "ahead": float(ahead.mean()),
        "error": float(ahead.std(correction=0)) / math.sqrt(len(ahead)),
    }
