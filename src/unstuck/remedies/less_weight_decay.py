"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

less_weight_decay = Remedy(
    advice=(
        "Train without weight decay first; it is for nets that learn their training data by heart. "
        "A decay that is stronger than the gradient keeps the weights near zero."
    ),
    code="""optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)""",
)
