"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

detach_stored_loss = Remedy(
    advice=(
        "Store the number, not the tensor: .item(), or .detach() where the GPU shall not be "
        "waited for."
    ),
    code="""losses.append(loss.item())
total += loss.detach()""",
)
