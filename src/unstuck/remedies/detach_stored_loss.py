"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

detach_stored_loss = Remedy(
    advice=(
        "Store the number, not the tensor: .item(), or .detach() where the GPU shall not be "
        "waited for."
    ),
    code="""losses.append(loss.item())
total += loss.detach()""",
    judge=(
        "It changes memory and time, not what is learned: watch the memory over a few hundred "
        "steps before and after."
    ),
)
