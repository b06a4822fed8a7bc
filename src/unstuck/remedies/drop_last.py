"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

drop_last = Remedy(
    advice=(
        "Leave out the incomplete last batch of each epoch; with shuffling it holds other "
        "samples every time, so nothing is lost."
    ),
    code="""loader = DataLoader(dataset, batch_size=32, shuffle=True, drop_last=True)""",
)
