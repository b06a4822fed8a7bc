"""Where a training stands, and its way into a checkpoint and back."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from unstuck.errors import BadCheckpoint
from unstuck.fit import objects
from unstuck.fit.checkpoints import Checkpoint

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
    """Where a training stands: all that it needs to go on, besides weights and optimizer.

    ``share`` is which part of the recipe's rate it is trained with: less than 1 since its loss diverged.
    """

    step: int = 0
    steps: int = 0
    history: list[Epoch] = field(default_factory=list)
    running: float = 0.0
    share: float = 1.0
    best: State = field(default_factory=dict)

    @property
    def best_loss(self) -> float:
        """The lowest validation loss so far."""
        return min((each.validation_loss for each in self.history), default=math.inf)

    @property
    def best_epoch(self) -> int:
        """The number of the epoch that had it, from 1; 0 before the first has ended."""
        best = min(self.history, key=lambda each: each.validation_loss, default=None)
        return best.number if best else 0

    def waited(self) -> int:
        """Epochs since the best."""
        return self.history[-1].number - self.best_epoch if self.history else 0


def copied(state: Mapping[str, Tensor]) -> State:
    """In the host's memory, apart from the model."""
    return {name: each.detach().cpu().clone() for name, each in state.items()}


def packed(
    net: nn.Module, optimizer: Optimizer, progress: Progress, settings: Mapping[str, Any]
) -> Checkpoint:
    """All that a training needs to go on."""
    tensors = {f"weights/{name}": each for name, each in net.state_dict().items()}
    tensors |= {f"best/{name}": each for name, each in progress.best.items()}
    plain: dict[str, Any] = {}
    for number, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            place = tensors if isinstance(value, Tensor) else plain
            place[f"optimizer/{number}/{name}"] = value
    record = {
        "step": progress.step,
        "steps": progress.steps,
        "running": progress.running,
        "share": progress.share,
        "history": [asdict(each) for each in progress.history],
        "optimizer": plain,
        **settings,
    }
    return Checkpoint(tensors, record)


def unpacked(kept: Checkpoint, net: nn.Module, optimizer: Optimizer) -> Progress:
    """Put weights and optimizer back, and give the rest.

    Raises:
        BadCheckpoint: history or optimizer are not as ``packed`` has them.
    """
    record = kept.record
    try:
        history = objects.again(list[Epoch], record["history"])
        state = _state({**kept.part("optimizer"), **record["optimizer"]}, optimizer)
        if [each.number for each in history] != list(range(1, len(history) + 1)):
            raise ValueError("epochs are missing")
    except (KeyError, TypeError, ValueError) as error:
        raise BadCheckpoint(
            f"the checkpoint is damaged: {error}", "start again without --resume"
        ) from error
    net.load_state_dict(kept.part("weights"))
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
    return Progress(
        step=record["step"],
        steps=record["steps"],
        history=history,
        running=record["running"],
        share=record["share"],
        best=kept.part("best"),
    )


def _state(values: Mapping[str, Any], optimizer: Optimizer) -> dict[int, dict[str, Any]]:
    """What an optimizer keeps of each parameter, by its number: as large as it, or a number."""
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    found: dict[int, dict[str, Any]] = {}
    for place, value in values.items():
        number, name = place.removeprefix("optimizer/").split("/", 1)
        if int(number) not in range(len(parameters)):
            raise KeyError(place)
        size = () if name == "step" else parameters[int(number)].shape
        if isinstance(value, Tensor) and value.shape != size:
            raise ValueError(f"{place} is of another size")
        found.setdefault(int(number), {})[name] = value
    return found
