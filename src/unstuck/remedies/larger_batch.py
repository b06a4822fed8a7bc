"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

larger_batch = Remedy(
    advice=(
        "Give batch normalisation more samples at a time: a batch of 16 or more. Accumulating "
        "gradients does not help, because each small batch is normalised by itself."
    ),
    code="""loader = DataLoader(dataset, batch_size=32, shuffle=True)""",
    judge=(
        "A replay has the batches of this run: train again with the larger batch and compare "
        "after as many epochs."
    ),
)
