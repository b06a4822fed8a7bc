"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

linear_model = Remedy(
    advice=(
        "Compare with a linear model on the same inputs: it has few numbers to learn by heart "
        "with. If it does as well, the net adds nothing."
    ),
    code="""model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(inputs, classes))""",
    breadth="simplification",
)
