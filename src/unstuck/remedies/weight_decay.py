"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

weight_decay = Remedy(
    advice=(
        "Add weight decay (.01 to .1 with AdamW), or more dropout, and compare the best "
        "validation loss."
    ),
    code="""optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)""",
)
