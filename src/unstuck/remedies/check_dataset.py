"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

check_dataset = Remedy(
    advice=(
        "Look at a few batches as the model receives them. Usual causes are an index that never "
        "moves, an iterator made anew at every step, and a transform that returns zeros."
    ),
    code="""for x, y in itertools.islice(loader, 3):
    print(x.shape, x.mean(), x.std(), y[:8])""",
    judge=(
        "What the data should be no replay can know: look at a few batches, and train again "
        "when they differ."
    ),
)
