"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

fit_loss_to_targets = Remedy(
    advice=(
        "Use cross_entropy on integer labels for classes that exclude one another, binary "
        "cross-entropy with logits for labels that may come together, and squared error for "
        "quantities."
    ),
    code="""loss = F.cross_entropy(model(x), y.long())  # one class a sample, K outputs
loss = F.binary_cross_entropy_with_logits(model(x), labels.float())  # sets of labels""",
)
