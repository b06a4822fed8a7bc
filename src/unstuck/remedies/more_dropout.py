"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

more_dropout = Remedy(
    advice=(
        "Drop more of the hidden units in training: a half after each hidden activation is usual. "
        "It slows learning by heart, but also learning."
    ),
    code="""model = torch.nn.Sequential(
    torch.nn.Linear(inputs, 64),
    torch.nn.ReLU(),
    torch.nn.Dropout(0.5),
    torch.nn.Linear(64, classes),
)""",
)
