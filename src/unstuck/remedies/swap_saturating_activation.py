"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

swap_saturating_activation = Remedy(
    advice=(
        "Replace the sigmoid or tanh between hidden layers by ReLU or GELU, whose slope stays 1 on "
        "one side. Keep it in gates and where an output must be bounded."
    ),
    code="""hidden = torch.relu(layer(x))  # instead of torch.sigmoid(layer(x))""",
)
