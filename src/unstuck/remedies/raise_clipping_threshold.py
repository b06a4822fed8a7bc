"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

raise_clipping_threshold = Remedy(
    advice=(
        "Raise the threshold to about the 90th percentile of the norms before clipping, or do not "
        "clip. A threshold below every norm acts as a learning rate."
    ),
    code="""norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=10.0)
norms.append(norm.item())  # the norm before clipping: choose the threshold by it""",
)
