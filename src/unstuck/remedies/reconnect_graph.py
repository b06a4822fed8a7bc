"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

reconnect_graph = Remedy(
    advice=(
        "Use the parameters on the way from the input to the loss, without detach(), .data, "
        ".item() or no_grad() in between. What is not meant to learn belongs outside the "
        "optimizer."
    ),
    code="""hidden = encoder(x)  # not encoder(x).detach()
loss = loss_function(head(hidden), y)""",
    judge=(
        "Which detach() was not meant no replay can tell: connect it, and the check no longer "
        "finds it."
    ),
)
