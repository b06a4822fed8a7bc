"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

add_momentum = Remedy(
    advice=(
        "Give gradient descent a momentum of .9: at the same learning rate it moves ten times as "
        "far in a direction that stays the same. Where the rate is near its limit, lower it as "
        "well."
    ),
    code="""optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)""",
    breadth="panacea",
)
