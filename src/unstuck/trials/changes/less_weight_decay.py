"""The change of the same name."""

from torch.optim import Optimizer

from unstuck.trials.replay import NotApplicable, Replay


def less_weight_decay(replay: Replay) -> str:
    """None at all."""
    groups = [group for optimizer in replay.optimizers for group in optimizer.param_groups]
    present = max((float(group.get("weight_decay", 0.0)) for group in groups), default=0.0)
    if not present:
        raise NotApplicable("no optimizer decays the weights")

    def stop(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            if "weight_decay" in group:
                group["weight_decay"] = 0.0

    replay.on_optimizer(stop)
    return f"weight decay {present:.3g} to 0"
