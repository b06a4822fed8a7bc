"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

leaky_activation = Remedy(
    advice=(
        "Replace ReLU by an activation that has a slope on both sides, such as LeakyReLU or GELU. "
        "A unit that is negative for every sample then still gets a gradient."
    ),
    code="""hidden = torch.nn.functional.leaky_relu(layer(x), 0.01)""",
)
