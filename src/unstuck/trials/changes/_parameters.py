"""Which parameters there are, who trains them, and how more are given to an optimizer."""

from collections.abc import Iterable, Iterator

from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from unstuck.trials.replay import NotApplicable, Replay


def parameters_of(optimizer: Optimizer) -> Iterator[Tensor]:
    """What an optimizer updates."""
    for group in optimizer.param_groups:
        yield from group["params"]


def clear(parameters: Iterable[Tensor]) -> None:
    """No gradient is left."""
    for parameter in parameters:
        parameter.grad = None


def untrained(replay: Replay) -> list[nn.Parameter]:
    """Trainable parameters of the models that no optimizer has."""
    given = {id(each) for optimizer in replay.optimizers for each in parameters_of(optimizer)}
    return [p for _, p in replay.trained() if p.requires_grad and id(p) not in given]


def refuse_unloaded(replay: Replay) -> None:
    """Without weights of an earlier training there is nothing to keep or to lose.

    Raises:
        NotApplicable: none were loaded.
    """
    if not replay.state_loaded:
        raise NotApplicable("no weights were loaded before the training")


def give(replay: Replay, parameters: list[nn.Parameter], *, unless_given: bool = False) -> None:
    """Let the optimizer with the most numbers of this model train these as well.

    They join a group that is there: schedulers count the groups. ``unless_given`` leaves out those that
    some optimizer has.

    Raises:
        NotApplicable: there is no optimizer yet.
    """
    group = _main_group(replay)
    given = {id(each) for optimizer in replay.optimizers for each in parameters_of(optimizer)}
    group["params"].extend(p for p in parameters if not unless_given or id(p) not in given)


def _main_group(replay: Replay) -> dict[str, list[Tensor]]:
    own = {id(parameter) for _, parameter in replay.trained()}
    groups = [group for optimizer in replay.optimizers for group in optimizer.param_groups]
    if not groups:
        raise NotApplicable("no optimizer was built before the first step")

    def numbers(group: dict[str, list[Tensor]]) -> int:
        known = [p for p in group["params"] if not is_lazy(p)]
        return sum(p.numel() for p in known if id(p) in own)

    return max(groups, key=numbers)
