"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

decouple_weight_decay = Remedy(
    advice=(
        "Use AdamW, whose weight decay acts on the weights themselves; its value is usually "
        "larger, about .01."
    ),
    code="""optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)""",
)
