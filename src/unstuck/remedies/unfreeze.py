"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

unfreeze = Remedy(
    advice=(
        "Let the frozen parameters learn as well, at a tenth of the learning rate if they are "
        "pre-trained. Give them to the optimizer after that."
    ),
    code="""model.requires_grad_(True)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)""",
)
