"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

fresh_start = Remedy(
    advice=(
        "Train from new weights for as long and compare. Pre-training helps where its source is "
        "related and data are few, and can harm elsewhere."
    ),
    code="""for layer in model.modules():
    if hasattr(layer, "reset_parameters"):
        layer.reset_parameters()""",
    breadth="simplification",
)
