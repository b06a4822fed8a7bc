"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

fit_output_to_targets = Remedy(
    advice=(
        "Choose the last operation by the range of the targets: none for numbers of any size, "
        "softplus for positive ones, sigmoid for those from 0 to 1. Or bring the targets into its "
        "range."
    ),
    code="""model = torch.nn.Sequential(body, torch.nn.Linear(64, 1))  # no activation at the end""",
)
