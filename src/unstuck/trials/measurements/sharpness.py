"""The measurement of the same name."""

import gc
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from unstuck.trials.measurements import LIMIT
from unstuck.trials.replay import NotApplicable, Replay
from unstuck.trials.sharpness import operations
from unstuck.trials.sharpness import sharpness as largest_eigenvalue


def sharpness(replay: Replay) -> None:
    """The curvature of the loss on the run's own batches, against what the optimizer can bear.

    At the first step, in the middle and at the last, as the optimizer sees it: with the loss's weight
    decay, and for Adam divided by its estimates.
    """
    replay.whole_batches = True
    looks: list[dict[str, Any]] = []
    replay.measured["looks"] = looks
    wanted = {0, replay.steps // 2, replay.steps - 1}
    seen: set[int] = set()

    def look(loss: Tensor, step: int) -> None:
        if step in seen:
            raise NotApplicable("an update is made of several backward passes")
        seen.add(step)
        if step in wanted:
            optimizer = _optimizer(replay)
            replay.measured.update(_rule(optimizer))
            looks.extend(_looked(loss, optimizer, step, replay.seed))

    replay.before_backward(look)


def _optimizer(replay: Replay) -> Optimizer:
    """The one that trains the model."""
    own = {id(parameter) for _, parameter in replay.trained()}
    found = [
        each
        for each in replay.optimizers
        if any(id(p) in own for group in each.param_groups for p in group["params"])
    ]
    if len(found) != 1:
        many = f"{len(found)} optimizers train" if found else "no optimizer trains"
        raise NotApplicable(f"{many} the model, the limit is that of one")
    # Not isinstance, which asks objects of others for their class.
    scalers = [each for each in gc.get_objects() if issubclass(type(each), torch.amp.GradScaler)]
    if any(scaler.is_enabled() for scaler in scalers):
        raise NotApplicable("the loss is scaled for mixed precision")
    return found[0]


def _rule(optimizer: Optimizer) -> dict[str, Any]:
    """Rate times curvature up to which the optimizer is stable on a quadratic.

    Cohen et al. 2021, *Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability*
    (momentum in its appendix), and 2022, *Adaptive Gradient Methods at the Edge of Stability*.
    """
    group = optimizer.param_groups[0]
    name = type(optimizer).__name__
    if type(optimizer) is SGD:
        momentum = float(group["momentum"])
        limit = 2 * (1 + momentum) / (1 - float(group["dampening"]))
        if group["nesterov"]:
            limit = 2 * (1 + momentum) / (1 + 2 * momentum)
        return {"optimizer": name, "momentum": momentum, "limit": limit}
    if type(optimizer) in (Adam, AdamW):
        momentum = float(group["betas"][0])
        return {
            "optimizer": name,
            "momentum": momentum,
            "limit": 2 * (1 + momentum) / (1 - momentum),
        }
    raise NotApplicable(f"no such limit is known for {name}")


def _looked(loss: Tensor, optimizer: Optimizer, step: int, seed: int) -> Iterator[dict[str, Any]]:
    """One look; none where Adam has no estimates yet."""
    trained = [
        (p, group)
        for group in optimizer.param_groups
        for p in group["params"]
        if p.requires_grad and (type(optimizer) is SGD or optimizer.state.get(p))
    ]
    if not trained:
        return
    if loss.numel() != 1 or any(name.startswith("ToCopy") for name in operations([loss])):
        raise NotApplicable(
            "the loss is made in mixed precision, whose curvature is mostly rounding"
        )
    rate = float(optimizer.param_groups[0]["lr"])
    scales = [float(group["lr"]) / rate if rate else 1.0 for _, group in trained]
    pairs = zip(trained, scales, strict=True)
    whole = [scale / _estimate(optimizer, p, group) for (p, group), scale in pairs]
    parameters = [p for p, _ in trained]
    with torch.enable_grad():
        try:
            found = largest_eigenvalue(
                _with_decay(loss.reshape(()), optimizer), parameters, whole, seed, LIMIT
            )
        except RuntimeError as error:
            why = str(error).splitlines()[0]
            raise NotApplicable(f"the loss is not twice differentiable: {why}") from error
    if math.isfinite(found.value):
        settled = {"sharpness": found.value, "settled": found.settled}
        yield {"step": step, "rate": rate, "loss": float(loss.detach())} | settled


def _estimate(optimizer: Optimizer, parameter: Tensor, group: dict[str, Any]) -> Tensor | float:
    """By what Adam divides a gradient, its correction of the first steps included."""
    if type(optimizer) is SGD:
        return 1.0
    state, (first, second) = optimizer.state[parameter], group["betas"]
    updates = float(state["step"])
    squares = state["max_exp_avg_sq"] if group["amsgrad"] else state["exp_avg_sq"]
    root: Tensor = (squares / (1 - second**updates)).sqrt() + group["eps"]
    return root.mul_(1 - first**updates)


def _with_decay(loss: Tensor, optimizer: Optimizer) -> Tensor:
    """The loss whose gradient the optimizer follows: AdamW keeps its decay apart."""
    for group in optimizer.param_groups:
        apart = type(optimizer) is AdamW or group.get("decoupled_weight_decay")
        if group["weight_decay"] and not apart:
            loss = loss + sum(group["weight_decay"] / 2 * p.pow(2).sum() for p in group["params"])
    return loss
