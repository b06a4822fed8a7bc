"""The measurement of the same name."""

import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from unstuck.trials.batches import Batch, Ended
from unstuck.trials.changes._inputs import exchange_numbers, numbers_in
from unstuck.trials.measurements import LIMIT
from unstuck.trials.replay import LossCall, NotApplicable, Replay
from unstuck.trials.scores import Predictions

_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))

SMALL = 16
"""Images with a shorter side are shifted by 1 and 2 pixels only, others by up to 4."""


def shifts(replay: Replay) -> None:
    """What the network makes of images that are shifted by a few pixels, in four directions.

    Of those of validation passes; where none were seen, of training batches.
    """
    images = [each for each in numbers_in(replay.arguments, replay.keywords).values() if _is(each)]
    if not images:
        raise NotApplicable("no input of the model is a batch of images")
    replay.whole_batches = True
    shortest = min(side for each in images for side in each.shape[-2:])
    by = (1, 2) if shortest < SMALL else (1, 2, 3, 4)
    replay.at_end(lambda ended: replay.measured.update(_measured(ended, by)))


def _measured(ended: Ended, by: Sequence[int]) -> dict[str, Any]:
    batches = ended.validation or ended.training
    hits: dict[int, list[Tensor]] = {pixels: [] for pixels in (0, *by)}
    changed: dict[int, list[Tensor]] = {pixels: [] for pixels in by}
    measure, until = "accuracy", time.monotonic() + LIMIT
    for batch in batches:
        still = _predicted(ended.ask(batch))
        measure = still.measure
        hits[0].append(still.hits())
        for pixels in by:
            for moved in _shifted(batch, pixels):
                now = _predicted(ended.ask(moved))
                hits[pixels].append(now.hits())
                changed[pixels].append((now.answers() != still.answers()).any(1).float())
        if time.monotonic() > until:
            break
    if not hits[0]:
        raise NotApplicable("no batch could be asked again")
    return {
        "measure": measure,
        "on": "validation" if ended.validation else "training",
        "images": sum(map(len, hits[0])),
        "still": _mean(hits[0]),
        "shifts": [
            {"by": pixels, "reached": _mean(hits[pixels]), "changed": _mean(changed[pixels])}
            for pixels in by
        ],
    }


def _predicted(call: LossCall | None) -> Predictions:
    if call is None or len(call.prediction) != len(call.target) or call.prediction.dim() > 2:
        raise NotApplicable("the loss is not of a prediction for each image")
    found = Predictions(call.function)
    found.add(call.prediction, call.target, int(call.options.get("ignore_index", -100)))
    return found


def _shifted(batch: Batch, pixels: int) -> Iterator[Batch]:
    for down, right in _DIRECTIONS:
        move = functools.partial(_moved, down=down * pixels, right=right * pixels)
        arguments, keywords = exchange_numbers(batch.arguments or (), batch.keywords or {}, move)
        yield replace(batch, arguments=arguments, keywords=keywords)


def _moved(_: int, tensor: Tensor, *, down: int, right: int) -> Tensor:
    return shifted(tensor, down, right) if _is(tensor) else tensor


def shifted(images: Tensor, down: int, right: int) -> Tensor:
    """The images moved; their first or last row and column fill what becomes free."""
    height, width = images.shape[-2:]
    rows = (torch.arange(height, device=images.device) - down).clamp(0, height - 1)
    columns = (torch.arange(width, device=images.device) - right).clamp(0, width - 1)
    return images[..., rows, :][..., columns]


def _is(tensor: Tensor) -> bool:
    """Whether it is a batch of images, large enough to be shifted."""
    return tensor.dim() == 4 and min(tensor.shape[-2:]) > 4


def _mean(parts: Sequence[Tensor]) -> float:
    return float(torch.cat(list(parts)).mean())
