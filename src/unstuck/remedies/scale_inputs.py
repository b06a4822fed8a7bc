"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

scale_inputs = Remedy(
    advice=(
        "Bring the inputs to mean 0 and standard deviation 1, with the statistics of the training data. "
        "Use the same numbers for validation and later."
    ),
    code="""mean, deviation = train_x.mean(0), train_x.std(0)
x = (x - mean) / (deviation + 1e-8)""",
)
