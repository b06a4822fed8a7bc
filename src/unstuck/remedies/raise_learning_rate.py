"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

raise_learning_rate = Remedy(
    advice=(
        "Raise the learning rate by a factor of 10 and compare the first 100 steps; stop before "
        "the loss begins to swing."
    ),
    code='optimizer.param_groups[0]["lr"] *= 10  # or tenfold where the optimizer is built',
    breadth="learning rate",
)
