"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

clip_gradient_value = Remedy(
    advice=(
        "Clip each entry of the gradient between backward and step. It bounds single weights, but "
        "turns the direction; clipping the norm keeps it."
    ),
    code="""loss.backward()
torch.nn.utils.clip_grad_value_(model.parameters(), clip_value=0.1)
optimizer.step()""",
    breadth="panacea",
)
