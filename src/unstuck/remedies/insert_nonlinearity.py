"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

insert_nonlinearity = Remedy(
    advice=(
        "Put an activation between the two layers. If they are meant to be one linear map, one "
        "layer does the same with fewer numbers."
    ),
    code="""hidden = torch.relu(first(x))
output = second(hidden)""",
)
