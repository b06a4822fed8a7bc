"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

less_dropout = Remedy(
    advice=(
        "Lower the rate: it is the share that is dropped, not the share that is kept. Leave the "
        "outputs themselves without dropout."
    ),
    code="""model = torch.nn.Sequential(
    torch.nn.Linear(inputs, 64),
    torch.nn.ReLU(),
    torch.nn.Dropout(0.2),
    torch.nn.Linear(64, classes),
)""",
)
