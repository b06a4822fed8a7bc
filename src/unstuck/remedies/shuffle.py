"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

shuffle = Remedy(
    advice=("Give the batches in random order, drawn anew in every epoch."),
    code="""loader = DataLoader(dataset, batch_size=32, shuffle=True)""",
)
