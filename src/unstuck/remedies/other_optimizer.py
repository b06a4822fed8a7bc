"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

other_optimizer = Remedy(
    advice=(
        "Try Adam at .001 instead of gradient descent, or gradient descent with momentum instead "
        "of Adam. An optimizer that helps may only hide what is wrong with the scale of data or "
        "weights."
    ),
    code="""optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)""",
    breadth="panacea",
)
