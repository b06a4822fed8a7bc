"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

lower_learning_rate = Remedy(
    advice=(
        "Lower the learning rate by a factor of 10 and compare the first 100 steps; repeat while "
        "it helps."
    ),
    code='optimizer.param_groups[0]["lr"] /= 10  # or a tenth where the optimizer is built',
    breadth="learning rate",
)
