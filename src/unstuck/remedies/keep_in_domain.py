"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

keep_in_domain = Remedy(
    advice=(
        "Keep what enters log, sqrt, division or power away from the point where the result or its "
        "derivative is infinite. For losses take the fused function, which is exact there."
    ),
    code="""torch.log(p.clamp(min=1e-8))  # or log_softmax, cross_entropy, BCEWithLogitsLoss
torch.sqrt(v + 1e-8)  # the derivative of sqrt is infinite at 0""",
)
