"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

divide_accumulated_loss = Remedy(
    advice=(
        "Divide each loss by the number of backward passes for one update, so that the "
        "gradient is the mean over the large batch."
    ),
    code="""(loss_function(model(x), y) / accumulation).backward()""",
)
