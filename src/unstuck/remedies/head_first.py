"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

head_first = Remedy(
    advice=(
        "Train the new last layer alone until its loss settles, then the rest at a lower rate. A "
        "random head sends gradients that spoil what was learned before."
    ),
    code="""model.requires_grad_(False)
model.head.requires_grad_(True)
optimizer = torch.optim.Adam(model.head.parameters(), lr=1e-3)""",
)
