"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

keep_batch_norm_frozen = Remedy(
    advice=(
        "Put the frozen part into evaluation mode after every model.train(), so that its "
        "running statistics stay those it was trained with."
    ),
    code="""model.train()
model.backbone.eval()  # after each model.train()""",
)
