"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

more_steps = Remedy(
    advice=(
        "Train longer, until the loss no longer falls; a schedule of the learning rate must "
        "be stretched with it."
    ),
    code="""for epoch in range(10 * epochs):
    train_one_epoch()""",
    judge="A replay is short by design: train on and see whether the loss still falls.",
)
