"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

finish_last_window = Remedy(
    advice=(
        "Make the update also for the incomplete window at the end of the data, or choose a "
        "number of batches that the window divides."
    ),
    code="""if (i + 1) % accumulation == 0 or i + 1 == len(loader):
    optimizer.step()
    optimizer.zero_grad()""",
    judge=(
        "It acts at the end of an epoch: count the updates, which should be the batches by the "
        "window, rounded up."
    ),
)
