"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

weigh_classes = Remedy(
    advice=(
        "Weigh the rare class in the loss, by the root of the ratio to begin with. The predicted "
        "probabilities are then no longer calibrated."
    ),
    code="""counts = torch.bincount(labels)
weight = (counts.max() / counts) ** 0.5
loss = F.cross_entropy(model(x), y, weight=weight)""",
)
