"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

zero_gradients = Remedy(
    advice=(
        "Clear the gradients once per update, with the zero_grad of the same optimizer that steps."
    ),
    code="""optimizer.zero_grad()
loss.backward()
optimizer.step()""",
)
