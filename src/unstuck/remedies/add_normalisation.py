"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

add_normalisation = Remedy(
    advice=(
        "Put a normalisation between each hidden layer and its activation. It keeps the scale of "
        "the signal the same from layer to layer."
    ),
    code="""model = torch.nn.Sequential(
    torch.nn.Linear(inputs, 64),
    torch.nn.BatchNorm1d(64),  # or LayerNorm(64)
    torch.nn.ReLU(),
    torch.nn.Linear(64, classes),
)""",
    breadth="panacea",
)
